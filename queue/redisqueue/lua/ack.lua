-- ack.lua acknowledges entries and deletes those that no other group needs.
--
-- KEYS 1 stream, 2 kept, 3 due. ARGV 1 group, then IDs.
-- Returns how many were pending.
local function main()
  local all, n, gone = groups(KEYS[1]), 0, {}
  for i = 2, #ARGV do
    local id = ARGV[i]
    local was = call('XACK', KEYS[1], ARGV[1], id)
    n = n + was
    call('HDEL', KEYS[3], id)
    local needed = false
    for _, g in ipairs(all) do
      needed = needed or (g.name ~= ARGV[1] and not done(KEYS[1], g, id))
    end
    if not needed then
      gone[#gone + 1] = id
    elseif was == 1 then
      call('HINCRBY', KEYS[2], ARGV[1], 1)
    end
  end
  if #gone > 0 then
    local deleted = call('XDEL', KEYS[1], unpack(gone))
    for _, g in ipairs(all) do
      if g.name ~= ARGV[1] then call('HINCRBY', KEYS[2], g.name, -deleted) end
    end
  end
  return n
end
