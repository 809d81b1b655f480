-- common.lua stands in front of every script but read.lua's own part.
--
-- KEYS 1 meta, 2 journal, 3 due, 4 old, 5 doubts to fetch, 6 doubts to check,
--      then two per channel (pending falling, pending rising), then the
--      declared level buckets, then what the script itself lists.
-- ARGV 1 schema, 2 known epoch, 3 known sequence, 4 shape, 5 epoch for a new
--      merchant, 6 buckets, 7 journal length, 8 shards of a first generation,
--      9 channels: n, then per channel: number, buffer, max, locations;
--      then pooled ones: n, their positions, and if there are any the locations
--      that have levels; then declared buckets: n, then their numbers; then the
--      script's own.
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

local call, pcallredis, format, match, find, sub, byte = redis.call, redis.pcall, string.format, string.match, string.find, string.sub, string.byte
local concat, floor, max, min = table.concat, math.floor, math.max, math.min
local BIG = 9007199254740992 -- 2^53: beyond it a number is no longer exact

-- text writes whole numbers; tostring and .. lose digits from 1e14 on.
local function text(n)
  return n == 0 and '0' or format('%d', n)
end

local function corrupt(what)
  error('@CORRUPT ' .. what, 0)
end

-- ask reads from a key that may be of another type, which is nil and true then.
local function ask(...)
  local v = pcallredis(...)
  if type(v) == 'table' and v.err then return nil, true end
  return v
end

local function exact(n)
  return n and n <= BIG and n >= -BIG
end

local now, epoch, seq, shape, entries
local ids, leasedtill -- of meta, as text
local fresh, wrote = false, false

-- open checks who asks; what it returns is the answer. Reload refuses in any
-- case, with what the client has to know.
local function open(reload)
  local t = call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
  local m = call('HMGET', KEYS[1], 'schema', 'epoch', 'seq', 'shape', 'ids', 'leased', 'entries')
  local known = ARGV[2]
  if not m[2] then
    if m[1] or m[3] or m[4] then corrupt('meta') end
    if known ~= '' then return {'LOSS', '', 0} end
    fresh, epoch, seq, shape, entries = true, '', 0, 0, 0
    return nil
  end
  if m[1] ~= ARGV[1] then return {'SCHEMA', m[1] or ''} end
  epoch, seq, shape, ids, leasedtill = m[2], tonumber(m[3] or ''), tonumber(m[4] or ''), m[5], m[6]
  entries = tonumber(m[7] or '0')
  if not exact(seq) or not exact(shape) or not exact(entries) then corrupt('meta') end
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
local pooling, everywhere = false, '' -- whether a channel is pooled, all locations then

-- header reads channels and buckets.
local function header()
  ka, aa = 6, 8
  for i = 1, tonumber(arg()) do
    local c = {id = arg(), buffer = tonumber(arg()), max = tonumber(arg()), locs = arg(), f = key(), r = key()}
    channels[i], channelof[c.id] = c, c
  end
  for _ = 1, tonumber(arg()) do
    channels[tonumber(arg())].pooled = true
    pooling = true
  end
  if pooling then everywhere = arg() end
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
-- call, and its entry of the journal if there will be one, and creates the
-- merchant if this is its first write. That is a write itself, so a server that
-- refuses writes does it here.
local numbered = false
local function begin(entry)
  if wrote and (numbered or not entry) then return end
  if entry then entries, numbered = entries + 1, true end
  if wrote then
    call('HSET', KEYS[1], 'entries', text(entries))
    return
  end
  call('XLEN', KEYS[2]) -- these fail if they are something else
  for i = 1, #channels do
    call('ZCARD', channels[i].f)
    call('ZCARD', channels[i].r)
  end
  if fresh then
    for _, k in pairs(bucketkeys) do
      if call('EXISTS', k) == 1 then corrupt('meta is gone, levels are there') end
    end
    for i = 2, 6 do
      if call('EXISTS', KEYS[i]) == 1 then corrupt('meta is gone, ' .. KEYS[i] .. ' is there') end
    end
    call('HSET', KEYS[1], 'schema', ARGV[1], 'epoch', ARGV[5], 'seq', '1', 'shape', '1', 'buckets', ARGV[6],
      'gens', '1 ' .. ARGV[8] .. ' ' .. text(now), 'ids', '0', 'set', '', 'ver', '0', 'locs', '', 'batches', '0', 'entries', text(entries))
    epoch, seq, shape, fresh = ARGV[5], 1, 1, false
  else
    seq = seq + 1
    if entry then
      call('HSET', KEYS[1], 'seq', text(seq), 'entries', text(entries))
    else
      call('HSET', KEYS[1], 'seq', text(seq))
    end
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

-- journal adds an entry; its number tells a reader whether one is missing.
local function journal(...)
  call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], '*', 'n', text(entries), 'seq', text(seq), ...)
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
--
-- A pool has the field 'sku\0': how a SKU as a whole stands with pooled channels,
-- in groups like those of a level. Its quantities are nothing; v is 0 while there
-- is something to remember.
local levels, order, dirty = {}, {}, {}
local parts, whole = {}, {} -- of a pool, by its field: levels, and whether these are all

local HEAD = '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%d+) (%d+)()'
local GROUP = '^ (%d+),(%-?%d*),(%d*),([fr]?)(%d*),(%d*),(r?)(%d*)()'

-- fill reads a record into a level. What can't be read is bad, and not tracked.
local function fill(l, record)
  l.groups, l.by = {}, {}
  if not record then return end
  local v, a, r, c, u, i, s, k, at = match(record, HEAD)
  v, a, r, c, u, i, s, k = tonumber(v), tonumber(a), tonumber(r), tonumber(c), tonumber(u), tonumber(i), tonumber(s), tonumber(k)
  local good = v and a and r and c and u and i and s and k
    and max(v, a, r, c, u, i, s, k) <= BIG and min(a, r, c, u, i) >= -BIG
  local length, groups, by = #record, l.groups, l.by
  while good and at <= length do
    local id, believed, buffer, dir, since, batch, rise, parked, to = match(record, GROUP, at)
    if not id then
      l.kit = match(record, '^ ([cd])$', at) or false
      good, at = l.kit, length + 1
    else
      local when = since == '' and 0 or tonumber(since)
      local g = {id = id, believed = tonumber(believed), buffer = tonumber(buffer), dir = dir, since = when, batch = batch,
        parked = parked, rise = rise, olddir = dir, oldsince = when}
      good = (dir == '') == (since == '') and exact(when)
        and (believed == '' or exact(g.believed)) and (buffer == '' or exact(g.buffer))
      groups[#groups + 1] = g
      by[id] = g
      at = to
    end
  end
  if not good then
    l.bad, l.kit, l.groups, l.by = true, false, {}, {}
    return
  end
  l.raw, l.v, l.s, l.k = record, v, s, k
  l[1], l[2], l[3], l[4], l[5] = a, r, c, u, i
end

-- pack leaves out groups that say nothing.
local function pack(l)
  local t = format('%d %d %d %d %d %d %d %d', l.v, l[1], l[2], l[3], l[4], l[5], l.s, l.k)
  l.head = t
  local groups = l.groups
  for i = 1, #groups do
    local g = groups[i]
    if g.believed or g.buffer or g.batch ~= '' or g.parked ~= '' then
      t = t .. ' ' .. g.id .. ',' .. (g.believed and text(g.believed) or '') .. ',' .. (g.buffer and text(g.buffer) or '') .. ','
        .. (g.dir ~= '' and g.dir .. text(g.since) or '') .. ',' .. g.batch .. ',' .. (g.parked ~= '' and g.rise .. g.parked or '')
    end
  end
  if l.kit then t = t .. ' ' .. l.kit end
  return t
end

local function poolfield(f) return sub(f, 1, find(f, '\0', 1, true)) end
local function poolof(l) return l.pool and l or levels[poolfield(l.f)] end

-- kin adds the fields of all levels of each SKU, and of its pool.
local function kin(fields)
  local all = {}
  for i = 1, #fields do all[i] = fields[i] end
  for _, f in ipairs(fields) do
    local pool = poolfield(f)
    if not whole[pool] then
      whole[pool] = true
      all[#all + 1] = pool
      for loc in string.gmatch(everywhere, '[^\n]+') do all[#all + 1] = pool .. loc end
    end
  end
  return all
end

-- load reads the levels of these fields that are not read yet.
local function load(fields, inbucket)
  local groups, named = {}, #fields
  if pooling then fields, inbucket = kin(fields), nil end
  for i = 1, #fields do
    local f = fields[i]
    local l = levels[f]
    if not l then
      local b = inbucket and inbucket[i] or bucket(f)
      -- A table that is made with all it will have is cheaper than one that grows.
      l = {0, 0, 0, 0, 0, f = f, b = b, n = false, pool = byte(f, #f) == 0, v = false, head = false, s = 0, k = 0, kit = false,
        groups = false, by = false, raw = false, bad = false, dirty = false, tick = 0}
      levels[f] = l
      local g = groups[b]
      if g then g[#g + 1] = f else groups[b] = {f} end
      if pooling and not l.pool then
        local pool = poolfield(f)
        local list = parts[pool]
        if list then list[#list + 1] = l else parts[pool] = {l} end
      end
    end
    if not l.n and i <= named then
      l.n = #order + 1
      order[l.n] = l
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

-- spoilt is the field of what can't be read of a level, or of what a pooled
-- channel shows of it.
local function spoilt(l)
  if l.bad then return l.f end
  if not pooling then return nil end
  local p = poolof(l)
  if p.bad then return p.f end
  for _, x in ipairs(parts[p.f] or {}) do
    if x.bad then return x.f end
  end
end

-- readable stops what can't do without these levels.
local function readable(fields)
  for _, f in ipairs(fields) do
    local bad = spoilt(levels[f])
    if bad then corrupt('level ' .. bad) end
  end
end

-- tracked reports whether a pool has a level.
local function tracked(p)
  for _, x in ipairs(parts[p.f] or {}) do
    if x.v then return true end
  end
  return false
end

local function group(l, id)
  local g = l.by[id]
  if not g then
    g = {id = id, dir = '', since = 0, batch = '', parked = '', rise = '', olddir = '', oldsince = 0}
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

local LEVEL, PUSH = 1099511627776, 1000000000 -- 2^40: most of a level in a sum; most of a push

local function less(n, buffer)
  if n > 0 then return max(0, n - buffer) end
  return n
end

-- target is inventory.Target, of a pool inventory.PooledTarget; nil where the
-- channel does not sell.
local function target(l, c, g)
  local n
  if c.pooled then
    for _, x in ipairs(parts[l.f] or {}) do
      if x.v and sells(c, x) then
        local own = x.by[c.id]
        n = (n or 0) + min(max(less(x[1], own and own.buffer or 0), -LEVEL), LEVEL)
      end
    end
    n = n and less(n, c.buffer)
  elseif sells(c, l) then
    n = less(l[1], g.buffer or c.buffer)
  end
  if n and c.max > 0 then n = min(n, c.max) end
  return n
end

-- owed is inventory.Owed.
local function owed(t, believed)
  return min(max(t - believed, -PUSH), PUSH)
end

-- mark makes a level or a pool pending for each channel where a push is due:
-- since now, if nothing else is said.
local function mark(l, since)
  for i = 1, #channels do
    local c = channels[i]
    local g = l.by[c.id]
    if g and (c.pooled or false) == l.pool then
      local dir = ''
      if g.believed and g.batch == '' then
        local t = target(l, c, g)
        if t and t < g.believed then
          dir = 'f'
          if g.rise ~= '' then g.parked = '' end -- a rise that was refused must not hide a fall
        elseif t and t > g.believed then
          dir = 'r'
        end
        if g.parked ~= '' then dir = '' end
      end
      if dir == '' then g.since = 0 elseif g.dir == '' then g.since = since or now end
      g.dir = dir
    end
  end
end

-- markpool marks the pool of a level that was written.
local function markpool(l, since)
  local p = poolof(l)
  if #p.groups == 0 then return end
  mark(p, since)
  touch(p)
end

-- after is what the journal says of the levels that flush has written, a line
-- each by number: version, states and rules; of a kit, a pool and of one that
-- ended "k"; nothing where nothing was written.
local function after()
  local t = {}
  for i = 1, #order do
    local l = order[i]
    if l.kit == 'd' or l.pool or l.last and not l.v then
      t[i] = 'k ' .. l.f
    elseif l.head then
      t[i] = l.head .. ' ' .. l.f
    else
      t[i] = ''
    end
  end
  return concat(t, '\n')
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
    if l.pool then l.v = nil end
    for _, g in ipairs(l.groups) do
      if l.pool and (g.believed or g.batch ~= '' or g.parked ~= '') then l.v = 0 end
      local c = channelof[g.id]
      if c and (g.dir ~= g.olddir or g.since ~= g.oldsince) then
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
