-- derive.lua works marks off: it brings levels of kits up to date with their
-- components, all that it reads and writes as of one moment.
--
-- KEYS after those of common.lua: kits, components of kits, marks, then per
--   channel: parked reasons, retry times.
-- ARGV after those of common.lua: 1 most marks.
-- Returns after the five of common.lua: '1' if there are marks that it did not
--   look at, else '0'; '0' too if all that it looked at have to wait for batches.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local kits, parts, marks = key(), key(), key()
  local parked, retries = {}, {}
  for i = 1, #channels do parked[i], retries[i] = key(), key() end
  local most = tonumber(arg())
  local reply = ok()
  reply[6] = '0'
  local marked = call('ZRANGE', marks, 0, most - 1)
  if #marked == 0 then return reply end

  -- The levels of kits that follow: those marked themselves, and those of the
  -- kits that a marked level is a component of. Where these are many, they are
  -- marked in its place.
  local todo, seen, later, followed = {}, {}, {}, {}
  local function follow(f)
    if seen[f] then return end
    seen[f] = true
    if #todo < 2 * most then todo[#todo + 1] = f else later[#later + 1] = f end
  end
  for _, f in ipairs(marked) do follow(f) end
  for _, f in ipairs(marked) do
    local at = find(f, '\0', 1, true)
    if not at then corrupt('mark ' .. f) end
    local sku, rest = sub(f, 1, at), sub(f, at)
    local of = call('ZRANGEBYLEX', parts, '[' .. sku, '(' .. sub(sku, 1, -2) .. '\1')
    followed[f] = #of > 0
    for _, member in ipairs(of) do follow(sub(member, at + 1) .. rest) end
  end

  -- What each is made of.
  local names, made, fields = {}, {}, {}
  for i, f in ipairs(todo) do names[i] = sub(f, 1, find(f, '\0', 1, true) - 1) end
  local texts = call('HMGET', kits, unpack(names))
  for i, f in ipairs(todo) do
    local rest, at = sub(f, #names[i] + 1), 1
    local p = {}
    local list = texts[i] or ''
    if #fields > 10000 then -- enough for one script
      later[#later + 1], list, p = f, '', nil
    end
    while at <= #list do
      local units, sku, to = match(list, '^(%d+) ([^\n]+)\n()', at)
      if not units then corrupt('kit ' .. names[i]) end
      p[#p + 1] = {f = sku .. rest, units = tonumber(units)}
      fields[#fields + 1] = sku .. rest
      at = to
    end
    made[i] = p or false
    fields[#fields + 1] = f
  end
  for _, f in ipairs(marked) do fields[#fields + 1] = f end
  load(fields)
  readable(fields)
  for i = 1, #channels do
    typed(parked[i], 'hash')
    typed(retries[i], 'zset')
  end
  begin()

  local function clear(l)
    for i, c in ipairs(channels) do
      if l.by[c.id] then
        call('HDEL', parked[i], l.f)
        call('ZREM', retries[i], l.f)
      end
    end
    for _, g in ipairs(l.groups) do
      g.believed, g.buffer, g.dir, g.since, g.batch, g.parked = nil, nil, '', 0, '', ''
    end
    touch(l)
  end

  -- forget takes away a level and what is known of it, unless a batch tells a
  -- channel of it.
  local function forget(l)
    for _, at in ipairs({l, pooling and poolof(l) or nil}) do
      for _, g in ipairs(at.groups) do
        if g.batch ~= '' and channelof[g.id] then return false end
      end
    end
    l.v, l.kit = nil, nil
    clear(l)
    return true
  end

  local kept, changed = {}, {}
  for i, f in ipairs(todo) do
    local l, p = levels[f], made[i]
    if p and (not l.v or l.kit == 'd') then -- else it is a level of its own
      local n
      for j = 1, #p do
        local x = levels[p[j].f]
        if not x.v or x.kit == 'd' then
          n = nil
          break
        end
        local k = floor(min(x[1], x[1] - x.s + x.k) / p[j].units)
        if not n or k < n then n = k end
      end
      if n then
        for j = 1, #p do
          local x = levels[p[j].f]
          if not x.kit then
            x.kit = 'c'
            touch(x)
          end
        end
        if not l.v then
          l.v, l.s, l.k, l.kit = 0, 0, 0, 'd'
          for s = 1, 5 do l[s] = 0 end
          l[1] = n + 1 -- another number, so that it is written
        end
        if l[1] ~= n or l[2] ~= 0 or l[3] ~= 0 or l[4] ~= 0 or l[5] ~= 0 then
          for s = 2, 5 do l[s] = 0 end
          l[1], l.v = n, l.v + 1
          mark(l)
          touch(l)
          changed[#changed + 1] = l
        end
      elseif l.v and not forget(l) then
        kept[#kept + 1] = f
      elseif l.dirty then
        changed[#changed + 1] = l
      end
    end
  end
  for _, l in ipairs(pooling and changed or {}) do
    if tracked(poolof(l)) then markpool(l) else clear(poolof(l)) end
  end
  for _, f in ipairs(marked) do -- of what is no component any more nobody wants to hear
    local l = levels[f]
    if l.kit == 'c' and not followed[f] then
      l.kit = nil
      touch(l)
    end
  end
  flush()

  chunked('ZREM', marks, marked)
  local left = call('ZCARD', marks) + #later
  local again, stamp = {}, text(now)
  for _, list in ipairs({later, kept}) do
    for _, f in ipairs(list) do
      again[#again + 1] = stamp
      again[#again + 1] = f
    end
  end
  chunked('ZADD', marks, again)
  commit()
  reply = ok()
  reply[6] = left > 0 and #kept < #marked and '1' or '0'
  return reply
end
