-- lag.lua counts what a group has not acknowledged. Redis's own figure is not
-- known once entries are deleted, and wrong in some versions.
--
-- KEYS 1 stream, 2 kept, 3 due. ARGV 1 group.
-- Returns waiting, pending, delayed, and the first entries of what is pending
--      and of what waits.
local function main()
  local all, mine = groups(KEYS[1]), nil
  local size = call('EXISTS', KEYS[1]) == 1 and call('XLEN', KEYS[1]) or 0
  for _, g in ipairs(all) do
    if g.name == ARGV[1] then mine = g end
  end
  if not mine then
    if #all > 0 or size == 0 then return { 0, 0, 0, {}, {} } end
    return { size, 0, 0, {}, call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1) }
  end
  local first, delayed, t = {}, 0, now()
  if mine.pending > 0 then
    local p = call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1)[1]
    if p then first = call('XRANGE', KEYS[1], p[1], p[1]) end
  end
  for _, due in ipairs(call('HVALS', KEYS[3])) do
    if tonumber(due) > t then delayed = delayed + 1 end
  end
  local rest = call('XRANGE', KEYS[1], nextid(mine.last), '+', 'COUNT', 1)
  if #rest == 0 then -- so all the others are pending or kept; count anew from here
    call('HSET', KEYS[2], ARGV[1], size - mine.pending)
    return { 0, mine.pending, delayed, first, {} }
  end
  local kept = tonumber(call('HGET', KEYS[2], ARGV[1]) or 0)
  return { math.max(size - mine.pending - kept, 1), mine.pending, delayed, first, rest }
end
