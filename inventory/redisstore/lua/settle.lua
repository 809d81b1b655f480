-- settle.lua ends a batch. One that is not there has been settled already.
--
-- KEYS as in outbox.lua.
-- ARGV after the channel's number: 1 batch, 2 its epoch, 3 results: n, then as
--      in outbox.lua.
-- Returns after the five of common.lua: nothing, or 'LENGTH'.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  places()
  local channel, id, made = arg(), arg(), arg()
  local list = results()
  local b = readbatch(id)
  if not b or made ~= epoch then return ok() end
  if #list ~= #b.pushes then
    local reply = ok()
    reply[6] = 'LENGTH'
    return reply
  end
  loadpushes(b)
  check(true)
  drop(b)
  local lines = {}
  for i, p in ipairs(b.pushes) do
    finish(channel, p, list[i])
    lines[i] = list[i].mode .. ' ' .. text(p.delta) .. ' ' .. p.f
  end
  flush()
  journal('settled', id, 'channel', channel, 'pushes', concat(lines, '\n'))
  return ok()
end
