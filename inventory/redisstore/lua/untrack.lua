-- untrack.lua is what apply.lua does to end levels; see holds.lua.
local function untracks(x)
  local U = {}
  local parked, retries = {}, {} -- keys, by channel
  local named = {}

  local function is(k, want)
    local t = call('TYPE', k)
    t = t.ok or t
    return t == 'none' or t == want
  end

  -- pooleduse reports whether a pooled channel is being told of a SKU that has
  -- no level left without those that are to end.
  local function pooleduse(p, ending)
    for _, l in ipairs(parts[p.f]) do
      if l.v and not ending[l] then return false end
    end
    for _, g in ipairs(p.groups) do
      if g.batch ~= '' and channelof[g.id] then return true end
    end
    return false
  end

  -- forget takes away a level or a pool and all that is known of it.
  local function forget(l)
    for i, c in ipairs(channels) do
      if l.by[c.id] then
        call('HDEL', parked[i], l.f)
        call('ZREM', retries[i], l.f)
      end
    end
    for _, g in ipairs(l.groups) do
      g.believed, g.buffer, g.dir, g.since, g.parked = nil, nil, '', 0, ''
    end
    l.last, l.v, l.kit = l.v, nil, nil
    for s = 1, 5 do l[s] = 0 end
    touch(l)
  end

  function U.identify()
    local seen = x.ownid()
    for i = 1, #channels do parked[i], retries[i] = key(), key() end
    return seen
  end

  -- move refuses levels that are in use, and makes what the others have left the
  -- Change's movements.
  function U.move()
    local ls, missing, used, known = x.ls, {}, false, {}
    named = {}
    for i = 1, x.n do
      local l = ls[i]
      local bad = l.bad and l.f or pooling and spoilt(l)
      if bad then
        x.what = 'level ' .. bad
        return 'X'
      end
      if not known[l] then
        known[l] = true
        if l.v then
          named[#named + 1] = l
          used = used or l.kit == 'd' or l[2] ~= 0 or l[3] ~= 0 or l[5] ~= 0
          for _, g in ipairs(l.groups) do used = used or g.batch ~= '' and channelof[g.id] end
        else
          missing[#missing + 1] = l.n
        end
      end
    end
    if #missing > 0 then
      x.list = missing
      return 'U'
    end
    for i = 1, pooling and #named or 0 do used = used or pooleduse(poolof(named[i]), known) end
    if used then return 'V' end
    for i = 1, #channels do
      if not is(parked[i], 'hash') or not is(retries[i], 'zset') then
        x.what = 'parked levels'
        return 'X'
      end
    end
    local n = 0
    for _, l in ipairs(named) do
      for s = 1, 4 do
        if l[s] ~= 0 then
          n = n + 1
          ls[n], x.qs[n], x.fs[n], x.ts[n], x.shown[n] = l, l[s], s, 0, 0
        end
      end
    end
    x.n, x.ended = n, named
    return nil
  end

  -- finish takes away the levels and all that is known of them.
  function U.finish(_, marked)
    x.keepid()
    for _, l in ipairs(named) do
      if marked then
        marked[#marked + 1] = text(now)
        marked[#marked + 1] = l.f
      end
      forget(l)
    end
    for i = 1, pooling and #named or 0 do
      local p = poolof(named[i])
      if not tracked(p) then forget(p) end
    end
  end

  return U
end
