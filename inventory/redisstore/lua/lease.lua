-- lease.lua leases levels, all or none. It neither reads nor writes levels.
--
-- KEYS after those of common.lua: leases.
-- ARGV after those of common.lua: 1 nonce of the call: a second run of it gets
--      the same lease, 2 ttl in us, 3 levels: n, fields, sorted, each once.
-- Returns after the five of common.lua: 'LEASED', the fields that are; or
--      'DONE', fence, until in ms.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local k, nonce, ttl = key(), arg(), tonumber(arg())
  local fields = {}
  for i = 1, tonumber(arg()) do fields[i] = arg() end
  if fresh and call('EXISTS', k) == 1 then corrupt('meta is gone, leases are there') end
  local meta = call('HMGET', KEYS[1], 'fence', 'leased')
  local last, leased = leasemeta(meta[1]), leasemeta(meta[2])

  local taken, mine, fence, till = {}, 0, nil, nil
  for i, record in ipairs(leaserecords(k, fields)) do
    local have, to, by = inforce(record)
    if have == false then corrupt('lease ' .. fields[i]) end
    if have then
      taken[#taken + 1] = fields[i]
      if by == nonce then
        mine, fence, till = mine + 1, have, to
      end
    end
  end
  if mine < #fields then
    if #taken > 0 then
      local reply = ok()
      reply[6] = 'LEASED'
      for i, f in ipairs(taken) do reply[6 + i] = f end
      return reply
    end
    begin()
    if now >= leased * 1000 then call('DEL', k) end -- all that is there is over
    fence, till = text(last + 1), floor((now + ttl) / 1000)
    local sets = {}
    for i, f in ipairs(fields) do
      sets[2 * i - 1], sets[2 * i] = f, fence .. ' ' .. text(till) .. ' ' .. nonce
    end
    chunked('HSET', k, sets)
    commit({'fence', fence, 'leased', text(max(leased, till))})
  end
  local reply = ok()
  reply[6], reply[7], reply[8] = 'DONE', fence, text(till)
  return reply
end
