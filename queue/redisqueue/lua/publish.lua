-- publish.lua appends events, all or none, and wakes who waits for them.
--
-- KEYS 1 stream. ARGV the events.
-- Returns how many.
local function main()
  for _, e in ipairs(ARGV) do call('XADD', KEYS[1], '*', 'event', e) end
  redis.pcall('PUBLISH', KEYS[1], '') -- a user may lack the right to; then they look by themselves
  return #ARGV
end
