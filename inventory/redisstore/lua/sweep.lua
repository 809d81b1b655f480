-- sweep.lua takes away leases that are over, of some that it picks at random:
-- so it needs no place to go on from, and whoever calls it again gets the rest.
--
-- KEYS after those of common.lua: leases.
-- ARGV after those of common.lua: 1 how many to pick.
-- Returns after the five of common.lua: how many were over.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local k, most = key(), arg()
  local found, over = call('HRANDFIELD', k, most, 'WITHVALUES'), {}
  for i = 1, #found, 2 do
    if inforce(found[i + 1]) == nil then over[#over + 1] = found[i] end
  end
  if #over > 0 then
    begin()
    chunked('HDEL', k, over)
    -- With no lease at all, apply.lua need not look.
    if call('EXISTS', k) == 0 then commit({'leased', '0'}) end
  end
  local reply = ok()
  reply[6] = #over
  return reply
end
