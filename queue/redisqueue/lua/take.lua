-- take.lua prolongs the lease and, if it was held all the time, reads new
-- entries. It never blocks, so who is not there any more takes nothing.
--
-- KEYS 1 stream, 2 lease.
-- ARGV 1 group, 2 subscription, 3 lease in ms, 4 '1' if competing, 5 consumer,
--      6 how many entries, 7 how many bytes about.
-- Returns 'same', 'new' or 'other', ms until the other one's lease ends, entries.
local function main()
  local state, left = hold(KEYS[2], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1')
  if not state then return { 'other', left, {} } end
  local out, bytes, want = {}, 0, tonumber(ARGV[6])
  if state == 'new' then want = 0 end
  while #out < want and bytes < tonumber(ARGV[7]) do
    local n = math.min(want - #out, 10) -- their length is known only when they are read
    local got = call('XREADGROUP', 'GROUP', ARGV[1], ARGV[5], 'COUNT', n, 'STREAMS', KEYS[1], '>')
    if not got or not got[1] then break end
    for _, e in ipairs(got[1][2]) do
      out[#out + 1] = e
      bytes = bytes + length(e[2])
    end
    if #got[1][2] < n then break end
  end
  return { state, 0, out }
end
