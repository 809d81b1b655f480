-- tidy.lua forgets reservations that ended before a time.
--
-- KEYS after those of common.lua: per reservation its hash.
-- ARGV after those of common.lua: 1 horizon in us, 2 reservations: n, IDs.
-- Returns the five of common.lua.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local before = now - tonumber(arg())
  for _ = 1, tonumber(arg()) do
    local id, k = arg(), key()
    local ended = tonumber(call('ZSCORE', KEYS[4], id) or '')
    if ended and ended < before then
      begin()
      call('HDEL', k, id)
      call('ZREM', KEYS[4], id)
    end
  end
  return ok()
end
