-- leases.lua is what apply, lease, renew, unlease and sweep share; it follows common.lua.
--
-- The leases of a merchant are one hash: level -> "fence until(ms) nonce". The
-- nonce is that of the call that made it. One is in force before until; at
-- until itself it is over. Meta has fence, the last token, and leased, the time
-- (ms) from which on no lease is in force at all.

-- leaserecords reads what is stored under these fields.
local function leaserecords(k, fields)
  local out = {}
  for from = 1, #fields, 1000 do
    local to = min(from + 999, #fields)
    local values = call('HMGET', k, unpack(fields, from, to))
    for i = from, to do out[i] = values[i - from + 1] end
  end
  return out
end

-- inforce returns fence, until and nonce of a lease in force, nil if there is
-- none, false if the record can't be read.
local function inforce(record)
  if not record then return nil end
  local fence, till, nonce = match(record, '^(%d+) (%d+) (%S+)$')
  till = tonumber(till)
  if not exact(till) then return false end
  if now >= till * 1000 then return nil end
  return fence, till, nonce
end

-- leasemeta reads a number of meta that is there since the first lease.
local function leasemeta(v)
  local n = tonumber(v or '0')
  if not exact(n) then corrupt('meta') end
  return n
end
