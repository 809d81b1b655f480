-- revise.lua ends the parking of levels, or forgets what a channel shows of them.
--
-- KEYS as in outbox.lua.
-- ARGV after the channel's number: 1 '1' to forget, 2 levels: n, fields.
-- Returns after the five of common.lua: nothing, or 'GONE' if the channel is not
-- configured.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  places()
  local c, forget, fields = channelof[arg()], arg() == '1', {}
  if not c then
    local reply = ok()
    reply[6] = 'GONE'
    return reply
  end
  for i = 1, tonumber(arg()) do fields[i] = arg() end
  load(fields)
  readable(fields)
  local done = {}
  for _, f in ipairs(fields) do
    local l = levels[f]
    local g = l.v and l.by[c.id]
    if g and (g.parked ~= '' or forget and g.believed) then
      check(true)
      if g.parked ~= '' then
        call('HDEL', PARKED, f)
        call('ZREM', RETRIES, f)
        g.parked = ''
      end
      if forget then g.believed = nil end
      mark(l)
      touch(l)
      done[#done + 1] = f
    end
  end
  if #done > 0 then
    flush()
    journal(forget and 'forgotten' or 'unparked', c.id, 'levels', concat(done, '\n'))
  end
  return ok()
end
