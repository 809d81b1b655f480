-- release.lua ends a subscription: others may take at once. What it has never
-- delivered is as if it had never been read.
--
-- KEYS 1 stream, 2 lease.
-- ARGV 1 group, 2 subscription, 3 '1' if competing, 4 consumer, then IDs that
--      were not delivered.
local function main()
  local competing = ARGV[3] == '1'
  local mine = competing or call('HGET', KEYS[2], 'owner') == ARGV[2]
  if not mine then return 0 end
  for i = 5, #ARGV do
    local p = call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
    if p and p[2] == ARGV[4] then
      call('XCLAIM', KEYS[1], ARGV[1], ARGV[4], 0, ARGV[i], 'RETRYCOUNT', 0, 'JUSTID')
    end
  end
  if not competing then
    call('HDEL', KEYS[2], 'owner', 'until')
  else
    call('HDEL', KEYS[2], 'until:' .. ARGV[4])
    if #call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[4]) == 0 then
      call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[4])
    end
  end
  redis.pcall('PUBLISH', KEYS[1], 'released')
  return 1
end
