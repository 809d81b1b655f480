-- claim.lua leases a batch: one that waits for another try, else a new one.
--
-- KEYS as in outbox.lua.
-- ARGV after the channel's number: 1 most pushes, 2 lease in us, 3 nonce of
--      the call: a second run of it gets the same batch.
-- Returns after the five of common.lua: nothing, 'GONE' if the channel is not
-- configured, or ID, record, request if any.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  places()
  local c, most, lease, nonce = channelof[arg()], tonumber(arg()), tonumber(arg()), arg()
  if not c then
    local reply = ok()
    reply[6] = 'GONE'
    return reply
  end
  local mine = call('HGET', REQUESTS, 'n:' .. nonce)
  if mine then
    local b = readbatch(mine)
    if b then return handed(ok(), b) end
  end

  local ready = call('ZRANGEBYSCORE', RETRIES, '-inf', text(now), 'LIMIT', 0, 1000)
  if #ready > 0 then
    load(ready)
    readable(ready)
    check()
    for _, f in ipairs(ready) do
      local l = levels[f]
      if l.v then
        group(l, c.id).parked = ''
        mark(l)
        touch(l)
      end
    end
    flush()
    chunked('ZREM', RETRIES, ready)
    chunked('HDEL', PARKED, ready)
  end

  local function hand(b)
    check()
    call('HDEL', REQUESTS, 'n:' .. b.nonce)
    b.attempt, b.nonce, b.claimed = text(tonumber(b.attempt) + 1), nonce, text(now)
    call('HSET', BATCHES, b.id, batchtext(b))
    call('HSET', REQUESTS, 'n:' .. nonce, b.id)
    call('ZADD', LEASES, text(now + lease), b.id)
    return handed(ok(), b)
  end

  local waiting = call('ZRANGEBYSCORE', LEASES, '-inf', text(now), 'LIMIT', 0, 1)
  if waiting[1] then
    local b = readbatch(waiting[1])
    if b then return hand(b) end
    corrupt('batch ' .. waiting[1])
  end

  -- Marks can be older than the settings while levels are being marked again.
  local pushes
  for _ = 1, 3 do
    local fields = call('ZRANGE', c.f, 0, most - 1)
    if #fields < most then
      for _, f in ipairs(call('ZRANGE', c.r, 0, most - #fields - 1)) do fields[#fields + 1] = f end
    end
    load(fields)
    readable(fields)
    local stale = false
    pushes = {}
    for _, f in ipairs(fields) do
      local l = levels[f]
      local g = l.v and l.by[c.id]
      if g then
        local dir = g.dir
        mark(l)
        if g.dir ~= dir then
          stale = true
          touch(l)
        end
        if g.dir ~= '' then
          local delta = owed(target(l, c, g), g.believed)
          pushes[#pushes + 1] = {delta = delta, target = g.believed + delta, since = text(g.since), f = f}
        end
      end
    end
    if not stale then break end
    check()
    flush()
  end

  if #pushes == 0 then return ok() end
  local id = text(tonumber(call('HGET', KEYS[1], 'batches') or '0') + 1)
  check()
  for _, p in ipairs(pushes) do
    local l = levels[p.f]
    local g = l.by[c.id]
    g.batch, g.dir, g.since = id, '', 0
    touch(l)
  end
  flush()
  call('HSET', KEYS[1], 'batches', id)
  return hand({id = id, attempt = '0', sealed = '0', nonce = '-', epoch = epoch, pushes = pushes})
end
