-- common.lua stands in front of every script but read.lua's own part.
--
-- KEYS 1 meta, 2 journal, 3 due, 4 old, 5 doubts to fetch, 6 doubts to check,
--      then two per channel (pending falling, pending rising), then the
--      declared level buckets, then what the script itself lists.
-- ARGV 1 schema, 2 known epoch, 3 known sequence, 4 shape, 5 epoch for a new
--      merchant, 6 buckets, 7 journal length, 8 shards of a first generation,
--      9 channels: n, then per channel: number, buffer, max, locations;
--      then declared buckets: n, then their numbers; then the script's own.
--
-- Every answer starts {'OK', epoch, sequence, shape, now in us}. Refusals:
--   {'STALE', epoch, sequence, shape, now, buckets, generations, settings,
--    settings version, locations}    read this and call again
--   {'LOSS', epoch, sequence}        the data went back in time
--   {'SCHEMA', schema}               written by another version of the layout
--   {'CORRUPT', what}                a record can't be read
-- An error before the first write is passed on; after it, it starts HALFWAY.
--
-- read.lua sends ARGV 1 to 4 only.

local call, format, match, find, sub, byte = redis.call, string.format, string.match, string.find, string.sub, string.byte
local concat, floor, max, min = table.concat, math.floor, math.max, math.min
local BIG = 9007199254740992 -- 2^53: beyond it a number is no longer exact

-- text writes whole numbers; tostring and .. lose digits from 1e14 on.
local texts = {}
local function text(n)
  local t = texts[n]
  if not t then
    t = n == 0 and '0' or format('%.0f', n)
    texts[n] = t
  end
  return t
end

local function corrupt(what)
  error('@CORRUPT ' .. what, 0)
end

local function exact(n)
  return n and n <= BIG and n >= -BIG
end

local now, epoch, seq, shape
local fresh, wrote = false, false

-- open checks who asks; what it returns is the answer. Reload refuses in any
-- case, with what the client has to know.
local function open(reload)
  local t = call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
  local m = call('HMGET', KEYS[1], 'schema', 'epoch', 'seq', 'shape')
  local known = ARGV[2]
  if not m[2] then
    if m[1] or m[3] or m[4] then corrupt('meta') end
    if known ~= '' then return {'LOSS', '', 0} end
    fresh, epoch, seq, shape = true, '', 0, 0
    return nil
  end
  if m[1] ~= ARGV[1] then return {'SCHEMA', m[1] or ''} end
  epoch, seq, shape = m[2], tonumber(m[3] or ''), tonumber(m[4] or '')
  if not exact(seq) or not exact(shape) then corrupt('meta') end
  if known ~= '' and (known ~= epoch or seq < tonumber(ARGV[3])) then
    return {'LOSS', epoch, seq}
  end
  if reload or m[4] ~= ARGV[4] then
    local s = call('HMGET', KEYS[1], 'buckets', 'gens', 'set', 'ver', 'locs')
    for i = 1, 5 do
      if not s[i] then corrupt('meta') end
    end
    return {'STALE', epoch, seq, shape, text(now), s[1], s[2], s[3], s[4], s[5]}
  end
  return nil
end

-- The script's own KEYS and ARGV come one after the other.
local ka, aa = 0, 0
local function key()
  ka = ka + 1
  return KEYS[ka]
end
local function arg()
  aa = aa + 1
  return ARGV[aa]
end

local channels, channelof, bucketkeys, buckets = {}, {}, {}, 0

-- header reads channels and buckets.
local function header()
  ka, aa = 6, 8
  for i = 1, tonumber(arg()) do
    local c = {id = arg(), buffer = tonumber(arg()), max = tonumber(arg()), locs = arg(), f = key(), r = key()}
    channels[i], channelof[c.id] = c, c
  end
  buckets = tonumber(ARGV[6])
  for _ = 1, tonumber(arg()) do
    bucketkeys[arg()] = key()
  end
end

local function typed(k, want)
  local t = call('TYPE', k)
  t = t.ok or t
  if t ~= 'none' and t ~= want then error('WRONGTYPE ' .. k .. ' is a ' .. t, 0) end
end

-- begin comes before the first write: nothing after it may fail. It counts the
-- call and creates the merchant if this is its first write. That is a write
-- itself, so a server that refuses writes does it here.
local function begin()
  if wrote then return end
  typed(KEYS[2], 'stream')
  for _, c in ipairs(channels) do
    typed(c.f, 'zset')
    typed(c.r, 'zset')
  end
  if fresh then
    for _, k in pairs(bucketkeys) do
      if call('EXISTS', k) == 1 then corrupt('meta is gone, levels are there') end
    end
    call('HSET', KEYS[1], 'schema', ARGV[1], 'epoch', ARGV[5], 'seq', '1', 'shape', '1', 'buckets', ARGV[6],
      'gens', '1 ' .. ARGV[8] .. ' ' .. text(now), 'ids', '0', 'set', '', 'ver', '0', 'locs', '', 'batches', '0')
    epoch, seq, shape, fresh = ARGV[5], 1, 1, false
  else
    call('HSET', KEYS[1], 'seq', text(seq + 1))
    seq = seq + 1
  end
  wrote = true
end

local function commit(fields)
  begin()
  if fields and #fields > 0 then call('HSET', KEYS[1], unpack(fields)) end
end

-- reshape makes every client read settings, generations and locations again.
local function reshape(fields)
  shape = shape + 1
  fields[#fields + 1] = 'shape'
  fields[#fields + 1] = text(shape)
end

local function ok()
  return {'OK', epoch, seq, shape, text(now)}
end

local function journal(...)
  call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], '*', 'seq', text(seq), ...)
end

-- bucket hashes the SKU of a field, as layout.go does.
local function bucket(field)
  local h = 0
  for i = 1, #field do
    local c = byte(field, i)
    if c == 0 then break end
    h = (h * 65599 + c) % 4294967296
  end
  return text(floor(h / 65536) % buckets)
end

-- A level is [1] available, [2] reserved, [3] committed, [4] unavailable,
-- [5] incoming, v version (nil: not tracked), s safety stock, k backorder limit
-- groups, one per channel that is known of or has a buffer of its own, and kit:
-- nil, c if it is a component of kits that have levels, d if it is one of these.
local levels, order, dirty = {}, {}, {}

local HEAD = '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%d+) (%d+)()'
local GROUP = '^ (%d+),(%-?%d*),(%d*),([fr]?)(%d*),(%d*),(%d*)()'

local function parse(l, text)
  local v, a, r, c, u, i, s, k, at = match(text, HEAD)
  if not v then return false end
  l.v, l[1], l[2], l[3], l[4], l[5], l.s, l.k =
    tonumber(v), tonumber(a), tonumber(r), tonumber(c), tonumber(u), tonumber(i), tonumber(s), tonumber(k)
  if not (exact(l.v) and exact(l[1]) and exact(l[2]) and exact(l[3]) and exact(l[4]) and exact(l[5]) and exact(l.s) and exact(l.k)) then
    return false
  end
  local n = #text
  while at <= n do
    local id, believed, buffer, dir, since, batch, parked, to = match(text, GROUP, at)
    if not id then
      l.kit = match(text, '^ ([cd])$', at)
      return l.kit ~= nil
    end
    if (dir == '') ~= (since == '') then return false end
    local g = {id = id, believed = tonumber(believed), buffer = tonumber(buffer), dir = dir,
      since = tonumber(since) or 0, batch = batch, parked = parked}
    if (g.believed and not exact(g.believed)) or (g.buffer and not exact(g.buffer)) or not exact(g.since) then return false end
    g.olddir, g.oldsince = dir, g.since
    l.groups[#l.groups + 1] = g
    l.by[id] = g
    at = to
  end
  return true
end

local function pack(l)
  local t = concat({text(l.v), text(l[1]), text(l[2]), text(l[3]), text(l[4]), text(l[5]), text(l.s), text(l.k)}, ' ')
  for _, g in ipairs(l.groups) do
    t = t .. ' ' .. g.id .. ',' .. (g.believed and text(g.believed) or '') .. ',' .. (g.buffer and text(g.buffer) or '') .. ','
      .. (g.dir ~= '' and g.dir .. text(g.since) or '') .. ',' .. g.batch .. ',' .. g.parked
  end
  if l.kit then t = t .. ' ' .. l.kit end
  return t
end

local function fill(l, value)
  l.groups, l.by = {}, {}
  if value and not parse(l, value) then
    l.bad, l.v = true, nil
  end
end

-- load reads the levels of these fields that are not read yet.
local function load(fields, inbucket)
  local groups = {}
  for i = 1, #fields do
    local f = fields[i]
    if not levels[f] then
      local b = inbucket and inbucket[i] or bucket(f)
      local l = {f = f, b = b, n = #order + 1}
      levels[f], order[l.n] = l, l
      local g = groups[b]
      if g then g[#g + 1] = f else groups[b] = {f} end
    end
  end
  for b, g in pairs(groups) do
    local k = bucketkeys[b]
    if not k then corrupt('bucket ' .. b) end
    for from = 1, #g, 1000 do
      local to = min(from + 999, #g)
      local values = call('HMGET', k, unpack(g, from, to))
      for i = from, to do fill(levels[g[i]], values[i - from + 1]) end
    end
  end
end

local function group(l, id)
  local g = l.by[id]
  if not g then
    g = {id = id, dir = '', since = 0, batch = '', parked = '', olddir = '', oldsince = 0}
    l.by[id] = g
    l.groups[#l.groups + 1] = g
  end
  return g
end

local function touch(l)
  if not l.dirty then
    l.dirty = true
    dirty[#dirty + 1] = l
  end
end

local function sells(c, l)
  if c.locs == '' then return true end
  if not l.loc then l.loc = sub(l.f, find(l.f, '\0', 1, true) + 1) end
  return find(c.locs, '\n' .. l.loc .. '\n', 1, true) ~= nil
end

-- target is inventory.Target.
local function target(l, c, g)
  local t = l[1]
  if t > 0 then t = max(0, t - (g.buffer or c.buffer)) end
  if c.max > 0 then t = min(t, c.max) end
  return t
end

-- mark makes the level pending for each channel where a push is due.
local function mark(l)
  for i = 1, #channels do
    local c = channels[i]
    local g = l.by[c.id]
    if g then
      local dir = ''
      if g.believed and g.batch == '' and g.parked == '' and sells(c, l) then
        local t = target(l, c, g)
        if t < g.believed then dir = 'f' elseif t > g.believed then dir = 'r' end
      end
      if dir == '' then g.since = 0 elseif g.dir == '' then g.since = now end
      g.dir = dir
    end
  end
end

local function chunked(command, k, list)
  for from = 1, #list, 1000 do
    call(command, k, unpack(list, from, min(from + 999, #list)))
  end
end

-- flush writes the levels that were touched, and where they are pending.
local function flush()
  local sets, dels, adds, rems = {}, {}, {}, {}
  local function push(t, k, a, b)
    local list = t[k]
    if not list then
      list = {}
      t[k] = list
    end
    list[#list + 1] = a
    if b then list[#list + 1] = b end
  end
  for _, l in ipairs(dirty) do
    for _, g in ipairs(l.groups) do
      if g.dir ~= g.olddir or g.since ~= g.oldsince then
        local c = channelof[g.id]
        if g.olddir ~= '' and g.dir ~= g.olddir then push(rems, c[g.olddir], l.f) end
        if g.dir ~= '' then push(adds, c[g.dir], text(g.since), l.f) end
        g.olddir, g.oldsince = g.dir, g.since
      end
    end
    if l.v then push(sets, bucketkeys[l.b], l.f, pack(l)) else push(dels, bucketkeys[l.b], l.f) end
    l.dirty = false
  end
  dirty = {}
  for k, list in pairs(rems) do chunked('ZREM', k, list) end
  for k, list in pairs(adds) do chunked('ZADD', k, list) end
  for k, list in pairs(sets) do chunked('HSET', k, list) end
  for k, list in pairs(dels) do chunked('HDEL', k, list) end
end
