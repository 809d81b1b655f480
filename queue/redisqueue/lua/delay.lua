-- delay.lua notes when the delay of an entry is over, by the server's clock.
--
-- KEYS 1 due. ARGV 1 ID, 2 delay in ms.
local function main()
  return call('HSET', KEYS[1], ARGV[1], whole(now() + tonumber(ARGV[2])))
end
