-- postpone.lua gives up the lease of a batch until a wait has passed.
--
-- KEYS as in outbox.lua.
-- ARGV after the channel's number: 1 batch, 2 attempt, 3 wait in us.
-- Returns the five of common.lua.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  places()
  arg()
  local id, attempt, wait = arg(), arg(), tonumber(arg())
  local b = readbatch(id)
  if b and b.attempt == attempt then
    check()
    call('ZADD', LEASES, text(now + wait), id)
  end
  return ok()
end
