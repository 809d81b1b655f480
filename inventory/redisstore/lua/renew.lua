-- renew.lua makes a lease last longer on all of its levels, or on none.
--
-- KEYS after those of common.lua: leases.
-- ARGV after those of common.lua: 1 fence, 2 ttl in us, 3 levels: n, fields.
-- Returns after the five of common.lua: 'FENCED' if it is no longer in force on
--      one of them, or 'DONE', until in ms: never earlier than it was.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local k, fence, ttl = key(), arg(), tonumber(arg())
  local fields = {}
  for i = 1, tonumber(arg()) do fields[i] = arg() end

  local till, nonces = floor((now + ttl) / 1000), {}
  for i, record in ipairs(leaserecords(k, fields)) do
    local have, to, by = inforce(record)
    if have == false then corrupt('lease ' .. fields[i]) end
    if fresh or fence == '0' or have ~= fence then
      local reply = ok()
      reply[6] = 'FENCED'
      return reply
    end
    till = max(till, to)
    nonces[i] = by
  end
  local leased = leasemeta(call('HGET', KEYS[1], 'leased'))
  begin()
  local sets = {}
  for i, f in ipairs(fields) do
    sets[2 * i - 1], sets[2 * i] = f, fence .. ' ' .. text(till) .. ' ' .. nonces[i]
  end
  chunked('HSET', k, sets)
  commit({'leased', text(max(leased, till))})
  local reply = ok()
  reply[6], reply[7] = 'DONE', text(till)
  return reply
end
