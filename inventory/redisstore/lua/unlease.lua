-- unlease.lua gives a lease back where it is still the last one.
--
-- KEYS after those of common.lua: leases.
-- ARGV after those of common.lua: 1 fence, 2 levels: n, fields.
-- Returns the five of common.lua.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local k, fence = key(), arg()
  local fields, own = {}, {}
  for i = 1, tonumber(arg()) do fields[i] = arg() end
  for i, record in ipairs(leaserecords(k, fields)) do
    if record and match(record, '^%d+') == fence then own[#own + 1] = fields[i] end
  end
  if fresh or #own == 0 then return ok() end
  begin()
  chunked('HDEL', k, own)
  -- With no lease at all, apply.lua need not look.
  if call('EXISTS', k) == 0 then commit({'leased', '0'}) end
  return ok()
end
