-- trim.lua forgets old entries of the journal, whole nodes of the stream at a
-- time.
--
-- ARGV after those of common.lua: 1 ID of the oldest entry to keep, 2 about how
--      many to forget at most.
-- Returns after the five of common.lua: how many.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local reply = ok()
  reply[6] = 0
  if not fresh then
    typed(KEYS[2], 'stream')
    reply[6] = call('XTRIM', KEYS[2], 'MINID', '~', arg(), 'LIMIT', arg())
  end
  return reply
end
