-- seal.lua stores the request of a batch, and refused pushes leave it.
--
-- KEYS as in outbox.lua.
-- ARGV after the channel's number: 1 nonce of the call, so that a second run
--      knows that it emptied the batch, 2 batch, 3 attempt, 4 '1' if there is
--      a request, 5 request, 6 results: n, then as in outbox.lua.
-- Returns after the five of common.lua: 'CONFLICT', 'LENGTH', 'EMPTY' if no
-- push is left, or 'SEALED', ID, record, request.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  places()
  local channel, nonce, id, attempt, has, request = arg(), arg(), arg(), arg(), arg() == '1', arg()
  local list = results()
  local reply = ok()
  local b = readbatch(id)
  if not b then
    reply[6] = call('HGET', REQUESTS, 'e') == nonce and 'EMPTY' or 'CONFLICT'
    return reply
  end
  local have = call('HGET', REQUESTS, id)
  if b.attempt ~= attempt or have and have ~= request then
    reply[6] = 'CONFLICT'
    return reply
  end
  if have then
    reply[6] = 'SEALED'
    return handed(reply, b)
  end
  if #list ~= #b.pushes then
    reply[6] = 'LENGTH'
    return reply
  end

  loadpushes(b)
  check()
  local left = {}
  for i, p in ipairs(b.pushes) do
    if list[i].mode == 'k' then
      left[#left + 1] = p
    else
      finish(channel, p, list[i])
    end
  end
  flush()
  b.pushes = left
  if #left == 0 then
    drop(b)
    call('HSET', REQUESTS, 'e', nonce)
    reply = ok()
    reply[6] = 'EMPTY'
    return reply
  end
  b.sealed = text(now)
  call('HSET', BATCHES, id, batchtext(b))
  if has then call('HSET', REQUESTS, id, request) end
  reply = ok()
  reply[6] = 'SEALED'
  return handed(reply, b)
end
