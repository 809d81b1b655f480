-- configure.lua stores settings and the rules of levels, and marks these.
--
-- KEYS after those of common.lua: all of the channels that are removed. What is
-- left of them in levels has a number that no channel has any more; remark.lua
-- clears it away.
-- ARGV after those of common.lua (channels as they are from now on):
--   1 nonce of the call: a second run of it does nothing
--   2 settings (JSON)   3 '1' to count a new version
--   4 '1' if levels are to be marked again because channels changed
--   5 '1' if there is a key of marks (of kits that have levels) before these KEYS
--   6 how many KEYS
--   7 levels: n, then per level: field, safety stock, backorder limit,
--     "channel buffer;"...
-- Returns after the five of common.lua: nothing, or 'UNTRACKED', fields.
local function main()
  local meta = call('HMGET', KEYS[1], 'cfg', 'ver')
  local done = meta[1]
  header()
  local nonce, set, count, again, marks = arg(), arg(), arg() == '1', arg() == '1', arg() == '1' and key()
  if done and done == nonce then
    local refusal = open(true)
    if refusal[1] ~= 'STALE' then return refusal end
    return ok()
  end
  local refusal = open()
  if refusal then return refusal end
  local gone = {}
  for i = 1, tonumber(arg()) do gone[i] = key() end

  local fields, rules, missing = {}, {}, {}
  for i = 1, tonumber(arg()) do
    fields[i] = arg()
    rules[i] = {tonumber(arg()), tonumber(arg()), arg()}
  end
  load(fields)
  readable(fields)
  for _, f in ipairs(fields) do
    if not levels[f].v then missing[#missing + 1] = f end
  end
  if #missing > 0 then
    local reply = ok()
    reply[6] = 'UNTRACKED'
    for _, f in ipairs(missing) do reply[#reply + 1] = f end
    return reply
  end

  if marks then typed(marks, 'zset') end
  begin(true)
  if #gone > 0 then call('UNLINK', unpack(gone)) end
  for i, f in ipairs(fields) do
    local l = levels[f]
    l.s, l.k, l.v = rules[i][1], rules[i][2], l.v + 1
    for _, g in ipairs(l.groups) do g.buffer = nil end
    for id, n in string.gmatch(rules[i][3], '(%d+) (%d+);') do group(l, id).buffer = tonumber(n) end
    mark(l)
    touch(l)
    if l.kit and marks then call('ZADD', marks, text(now), f) end
  end
  for _, f in ipairs(pooling and fields or {}) do markpool(levels[f]) end
  flush()
  local change = {'cfg', nonce, 'set', set}
  if count then
    change[5], change[6] = 'ver', text(tonumber(meta[2] or '0') + 1)
  end
  if again then
    change[#change + 1] = 'remark'
    change[#change + 1] = '0 0 -'
    change[#change + 1] = 'remarksince'
    change[#change + 1] = text(now)
  end
  reshape(change)
  commit(change)
  journal('settings', set, 'levels', after())
  return ok()
end
