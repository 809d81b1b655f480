-- remove.lua takes an entry away from every group.
--
-- KEYS 1 stream, 2 kept. ARGV 1 ID.
-- Returns 1, or 0 if it was not there any more.
local function main()
  local all = groups(KEYS[1])
  if call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
  for _, g in ipairs(all) do
    local was = call('XACK', KEYS[1], g.name, ARGV[1])
    if was == 0 and not after(ARGV[1], g.last) then call('HINCRBY', KEYS[2], g.name, -1) end
  end
  return 1
end
