-- outbox.lua is what claim, seal and settle share; it follows common.lua.
--
-- KEYS of these scripts after those of common.lua: batches, requests (and the
-- nonces of claims), leases, parked reasons, retry times.
-- ARGV of these scripts begin with the channel's number, 0 if it has none.
--
-- A batch is "attempt sealed(us) claimed(us) nonce epoch\n", then per push
-- "delta target since(us) sku\0location\n".
local BATCHES, REQUESTS, LEASES, PARKED, RETRIES

local function places()
  BATCHES, REQUESTS, LEASES, PARKED, RETRIES = key(), key(), key(), key(), key()
end

local function check(noting)
  if wrote then return end
  typed(BATCHES, 'hash')
  typed(REQUESTS, 'hash')
  typed(LEASES, 'zset')
  typed(PARKED, 'hash')
  typed(RETRIES, 'zset')
  begin(noting)
end

local function readbatch(id)
  local v = call('HGET', BATCHES, id)
  if not v then return nil end
  local attempt, sealed, claimed, nonce, made, at = match(v, '^(%d+) (%d+) (%d+) (%S+) (%S+)\n()')
  if not attempt then corrupt('batch ' .. id) end
  local b = {id = id, attempt = attempt, sealed = sealed, claimed = claimed, nonce = nonce, epoch = made, pushes = {}}
  while at <= #v do
    local delta, goal, since, f, to = match(v, '^(%-?%d+) (%-?%d+) (%d+) ([^\n]+)\n()', at)
    if not delta or not find(f, '\0', 1, true) then corrupt('batch ' .. id) end
    b.pushes[#b.pushes + 1] = {delta = tonumber(delta), target = tonumber(goal), since = since, f = f}
    at = to
  end
  return b
end

local function batchtext(b)
  local t = {b.attempt .. ' ' .. b.sealed .. ' ' .. b.claimed .. ' ' .. b.nonce .. ' ' .. b.epoch .. '\n'}
  for i, p in ipairs(b.pushes) do
    t[i + 1] = text(p.delta) .. ' ' .. text(p.target) .. ' ' .. p.since .. ' ' .. p.f .. '\n'
  end
  return concat(t)
end

-- handed adds a batch to an answer: ID, record, and the request if it is sealed.
local function handed(reply, b)
  reply[#reply + 1] = b.id
  reply[#reply + 1] = batchtext(b)
  local request = call('HGET', REQUESTS, b.id)
  if request then reply[#reply + 1] = request end
  return reply
end

local function drop(b)
  call('HDEL', BATCHES, b.id)
  call('HDEL', REQUESTS, b.id, 'n:' .. b.nonce)
  call('ZREM', LEASES, b.id)
end

local function loadpushes(b)
  local fields = {}
  for i, p in ipairs(b.pushes) do fields[i] = p.f end
  load(fields)
  readable(fields)
end

-- A result is mode, wait in us, '1' to keep its place, reason. Modes: k stays
-- in the batch, a applied, s shows the target, l lapsed (a rise counts), n did
-- not happen.
local function results()
  local list = {}
  for i = 1, tonumber(arg()) do
    list[i] = {mode = arg(), wait = tonumber(arg()), keep = arg() == '1', reason = arg()}
  end
  return list
end

-- finish takes a level out of its batch.
local function finish(id, p, r)
  local l = levels[p.f]
  if not l.v then return end -- its record is gone, and so is what it showed
  local g = group(l, id)
  g.batch = ''
  if not g.believed then -- it was forgotten meanwhile
  elseif r.mode == 'a' then
    g.believed = g.believed + p.delta
  elseif r.mode == 's' then
    g.believed = p.target
  elseif r.mode == 'l' then
    g.believed = g.believed + max(p.delta, 0)
  end
  if r.reason ~= '' then
    g.parked, g.rise = text(now), p.delta > 0 and 'r' or ''
    call('HSET', PARKED, p.f, r.reason)
    call('ZADD', RETRIES, text(now + r.wait), p.f)
  end
  mark(l)
  if r.keep and g.dir ~= '' then g.since = tonumber(p.since) end
  touch(l)
end
