-- What several scripts share. All keys of a topic have it as their hash tag, so
-- they are in one slot:
--   PREFIX{topic}              stream  what some group has not acknowledged
--   PREFIX{topic}:kept         hash    group -> how many entries are kept for others only
--   PREFIX{topic}:lease:GROUP  hash    mode, and who may take, until when
--   PREFIX{topic}:due:GROUP    hash    entry -> when its delay is over, in ms
local call = redis.call

local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function whole(n) return string.format('%.0f', n) end

local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms or 0), tonumber(seq or 0)
end

-- after says whether one ID is later than another.
local function after(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am > bm or (am == bm and as > bs)
end

-- nextid is the smallest ID after one.
local function nextid(id)
  local ms, seq = split(id)
  return whole(ms) .. '-' .. whole(seq + 1)
end

-- groups are those of a stream: name, last, pending.
local function groups(stream)
  local out = {}
  if call('EXISTS', stream) == 0 then return out end
  for _, flat in ipairs(call('XINFO', 'GROUPS', stream)) do
    local g = {}
    for i = 1, #flat, 2 do g[flat[i]] = flat[i + 1] end
    out[#out + 1] = { name = g['name'], last = g['last-delivered-id'], pending = g['pending'] }
  end
  return out
end

-- done says whether a group has no more use for an entry.
local function done(stream, g, id)
  if after(id, g.last) then return false end
  return #call('XPENDING', stream, g.name, id, id, 1) == 0
end

-- hold prolongs a subscription's right to take from its group: 'same' if it had
-- it, 'new' if it has it again or for the first time; nil and the time that is
-- left, in ms, if another one has it.
local function hold(lease, me, ttl, competing)
  local t, till = now(), nil
  if competing then
    local before = tonumber(call('HGET', lease, 'until:' .. me) or 0)
    call('HSET', lease, 'until:' .. me, whole(t + ttl))
    return before >= t and 'same' or 'new', 0
  end
  local h = call('HMGET', lease, 'owner', 'until')
  till = tonumber(h[2] or 0)
  if h[1] and h[1] ~= me and till >= t then return nil, till - t end
  call('HSET', lease, 'owner', me, 'until', whole(t + ttl))
  return h[1] == me and 'same' or 'new', 0
end

-- length is what an entry's fields come to, in bytes.
local function length(fields)
  local n = 0
  for _, f in ipairs(fields) do n = n + #f end
  return n
end
