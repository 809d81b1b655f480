-- remark.lua marks levels again after channels changed, and clears away what is
-- left of removed ones, some at a time. Where
-- it is stands in meta: bucket, cursor, and the server that gave the cursor
-- (another server orders a hash differently, so the bucket starts over). All are
-- pending since the channels changed, so the order of pushes does not come from
-- that of the buckets.
--
-- ARGV after those of common.lua: 1 about how many levels, 2 '1' to look only,
--      3 numbers of removed channels: n, the numbers
-- Returns after the five of common.lua: '1' if there is more to do, else '0'.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local count, look = arg(), arg() == '1'
  local removed = {}
  for _ = 1, tonumber(arg()) do removed[arg()] = true end
  local meta = call('HMGET', KEYS[1], 'remark', 'remarksince')
  local at, since = meta[1], tonumber(meta[2] or '')
  local reply = ok()
  if not at or at == '' then
    reply[6] = '0'
    return reply
  end
  if look then
    reply[6] = '1'
    return reply
  end
  local b, cursor, server = match(at, '^(%d+) (%d+) (%S+)$')
  if not b then corrupt('meta remark') end
  local info = redis.pcall('INFO', 'server')
  local here = type(info) == 'string' and match(info, 'run_id:(%w+)') or '-'
  if here ~= server then cursor = '0' end

  local found = call('HSCAN', bucketkeys[b], cursor, 'COUNT', count)
  local fields = {}
  for i = 1, #found[2], 2 do fields[#fields + 1] = found[2][i] end
  load(fields)
  readable(fields)
  for _, f in ipairs(fields) do
    local l = levels[f]
    if l.v then
      for _, g in ipairs(l.groups) do
        if removed[g.id] then
          g.believed, g.buffer, g.dir, g.olddir, g.since, g.oldsince, g.batch, g.parked = nil, nil, '', '', 0, 0, '', ''
          touch(l)
        end
      end
      mark(l, since)
      for _, g in ipairs(l.groups) do
        if g.dir ~= g.olddir or g.since ~= g.oldsince then touch(l) end
      end
    end
    if pooling then markpool(l, since) end
  end
  begin()
  flush()
  cursor = found[1]
  if cursor == '0' then b = text(tonumber(b) + 1) end
  local more = tonumber(b) < buckets
  commit({'remark', more and b .. ' ' .. cursor .. ' ' .. here or ''})
  reply = ok()
  reply[6] = more and '1' or '0'
  return reply
end
