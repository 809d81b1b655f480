-- count.lua writes down the deliveries of entries before they are delivered
-- again, so that one that ends the process each time is known for it.
--
-- KEYS 1 stream, 2 lease, 3 due.
-- ARGV 1 group, 2 subscription, 3 lease in ms, 4 '1' if competing, 5 consumer,
--      then pairs of ID and number.
-- Returns 'same', 'new' or 'other', and for each pair 1, or 0 if the entry is
--      no longer the subscription's.
local function main()
  local state = hold(KEYS[2], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1')
  if state ~= 'same' then return { state or 'other', {} } end
  local out = {}
  for i = 6, #ARGV, 2 do
    local p = call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
    local mine = p and (p[2] == ARGV[5])
    if mine then
      mine = #call('XCLAIM', KEYS[1], ARGV[1], ARGV[5], 0, ARGV[i], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID') > 0
    end
    call('HDEL', KEYS[3], ARGV[i])
    out[#out + 1] = mine and 1 or 0
  end
  return { state, out }
end
