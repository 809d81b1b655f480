-- apply.lua applies a vector of Changes, each whole or not at all.
--
-- KEYS after those of common.lua: leases, marks if any, then Change by Change:
--   with an ID of its own   one hash of IDs per live generation, newest first
--   untrack                 after those of IDs, per channel: parked reasons, retry times
--   about a hold            the hold's hash, after those of IDs if it has both
--   an order                the document's hash, then the hold's if it names one
-- ARGV after those of common.lua:
--   1 full: the newest generation is to be followed by another at so many IDs
--   2 its start in us    3 horizon in us    4 live generations
--   5 '1' if there are Changes about holds or documents
--   6 '1' if there is a key of marks (of kits that have levels) after the leases
--   levels: n, then per level: bucket, field (sku \0 location)
--   changes: n, then per Change:
--     kind, '1' if enforced, position of the origin channel or 0, ID,
--     lines ("level quantity from-to shown;" each; states 0 world to 5 incoming;
--     0 from world to world is [Line.ShownOnly], but of a believe),
--     guards ("level version fence;" each), note (JSON for the journal or empty), and
--     T track, L believe, N untrack, M others: 16 bytes of the ID's hash, fingerprint
--     R reserve: reservation, fingerprint, ttl in us, lines of the record
--     X extend: reservation, ttl in us     C commit: reservation, order
--     U release, E expire: reservation
--     P commit part, Q release part: 16 bytes of the ID's hash, fingerprint,
--       reservation, order or empty
--     Z resize: 16 bytes of the ID's hash, fingerprint, reservation, lines of
--       the record
--     O order: document, version, version + 1, fingerprint, marks and doubts,
--       f, c or empty for its list, d to delete it, body, reservation or empty
-- Returns after the five of common.lua:
--   fields of levels that holds brought in: n, fields
--   rules: n, then level, safety stock, backorder limit, "channel buffer;"...,
--     and "d;" if it is of a kit
--   lists of due reservations: n, then each: n, IDs
--   per Change: code, late, flow (from * 10 + to, of the hold's lines; below 0
--     that of the Change's own), list of due, record of the hold or empty, levels: n, then each: level, version,
--     available, reserved, committed, unavailable, incoming; then a list: n and
--     of a SHORT: level, state, wanted, left; else levels (UNTRACKED,
--     LEASED, or oversold by an applied one); of a CORRUPT what is, in place of the list;
--     at the end, of Z and N, its movements, like the lines in ARGV, if it is applied,
--     and of an O with a reservation, those of parts that were committed to it
--
-- Everything is inside main: a function is made cheaper when what it uses of
-- common.lua is one level up (Lua walks a list for each variable of its own).
local function main()
  local APPLIED, DUPLICATE, SHORT, UNTRACKED, NOTFOUND, EXPIRED, RELEASED, COMMITTED, REUSED, CONFLICT, CORRUPT, RANGE, LEASED, FENCED, DERIVED =
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14

  local out, no = {}, 0
  local function put(v)
    no = no + 1
    out[no] = v
  end

  local generations, start, horizon, newids = 0, 0, 0, 0
  local leases, leasing, asked = nil, false, 0
  local dues, duenow = {}, nil
  local applied, tick, newlocs = {}, 0, nil
  local marks, marked = nil, {}

  -- due is the position of the list of due reservations as of now.
  local function due()
    if not duenow then
      local ids = call('ZRANGEBYSCORE', KEYS[3], '-inf', text(floor(now / 1000)), 'LIMIT', 0, 10)
      duenow = 0
      if #ids > 0 then
        dues[#dues + 1] = ids
        duenow = #dues
      end
    end
    return duenow
  end

  -- A hold is "status deadline(ms) ended(us) settled fingerprint\torder\n", then
  -- "quantity sku\0location\n" per level, then per committed part of it
  -- "\torder\tquantity sku\0location\n".
  local function readhold(k, id)
    local v = call('HGET', k, id)
    if not v then return nil end
    local status, deadline, ended, settled, fp, name, at = match(v, '^([hcrx]) (%d+) (%d+) ([01]) (%x+)\t([^\n]*)\n()')
    if not status then return nil, true end
    local cut = find(v, '\t', at, true) or #v + 1
    return {k = k, id = id, status = status, deadline = tonumber(deadline), ended = ended, settled = settled == '1', fp = fp,
      order = name, lines = sub(v, at, cut - 1), parts = sub(v, cut)}
  end

  local function holdtext(h)
    return h.status .. ' ' .. text(h.deadline) .. ' ' .. h.ended .. ' ' .. (h.settled and '1' or '0') .. ' ' .. h.fp .. '\t' .. h.order .. '\n' .. h.lines .. h.parts
  end

  local function writehold(h)
    call('HSET', h.k, h.id, holdtext(h))
    if h.status == 'h' then
      call('ZADD', KEYS[3], text(h.deadline), h.id)
    else
      call('ZREM', KEYS[3], h.id)
      call('ZADD', KEYS[4], h.ended, h.id)
    end
    duenow = nil
  end

  -- heldlines loads the levels of a hold; nil if its record can't be read.
  local function heldlines(h)
    if h.held then return h.held end
    local fields, quantities, at = {}, {}, 1
    while at <= #h.lines do
      local q, f, to = match(h.lines, '^(%d+) ([^\n]+)\n()', at)
      if not q or not find(f, '\0', 1, true) then return nil end
      fields[#fields + 1], quantities[#quantities + 1] = f, tonumber(q)
      at = to
    end
    load(fields)
    h.held = {}
    for i, f in ipairs(fields) do
      h.held[i] = {levels[f], quantities[i]}
    end
    return h.held
  end

  local OWNID = {T = true, L = true, M = true, N = true, P = true, Q = true, Z = true}
  local PART = {P = true, Q = true, Z = true}
  local ENDED = {c = COMMITTED, r = RELEASED, x = EXPIRED}

  -- The Change in hand: what it says, its lines, and what is found about it.
  local kind, enforced, origin, id, linetext, guards, note
  local n, ls, qs, fs, ts, shown = 0, {}, {}, {}, {}, {}
  local h, hold, flow, late, what, given
  local idhash, fp, ttl, ordername, heldtext, doc, rest
  local idkeys, touched, touches, list = {}, {}, 0, nil
  local parked, retries = {}, {} -- keys, by channel

  -- add lists a level in the outcome.
  local function add(x)
    list = list or {}
    list[#list + 1] = x
  end

  -- before puts lines, a level and a quantity each, before the Change's own.
  local function before(lines, from, to)
    local k = #lines
    for i = n, 1, -1 do
      ls[i + k], qs[i + k], fs[i + k], ts[i + k], shown[i + k] = ls[i], qs[i], fs[i], ts[i], shown[i]
    end
    for i = 1, k do
      ls[i], qs[i], fs[i], ts[i], shown[i] = lines[i][1], lines[i][2], from, to, 0
    end
    n = n + k
  end

  -- lines of the hold h become the Change's, or come before its own.
  local function flows(from, to)
    local held = heldlines(h)
    if not held then return CORRUPT end
    before(held, from, to)
    flow = from * 10 + to
    return nil
  end

  -- handover finds what of the hold hd was committed to an order, as movements,
  -- and takes it out of the record.
  local function handover(hd, name)
    if hd.parts == '' then return '' end
    local rest, lines, fields, t = {}, {}, {}, {}
    for whole, o, q, f in string.gmatch(hd.parts, '(\t([^\t]+)\t(%d+) ([^\n]+)\n)') do
      if o == name and find(f, '\0', 1, true) then
        fields[#fields + 1], lines[#lines + 1] = f, {f, tonumber(q)}
      else
        rest[#rest + 1] = whole
      end
    end
    load(fields)
    for i, x in ipairs(lines) do
      x[1] = levels[x[1]]
      t[i] = text(x[1].n) .. ' ' .. text(x[2]) .. ' 31 0;'
    end
    before(lines, 3, 1)
    hd.parts = concat(rest)
    return concat(t)
  end

  -- take finds the rest of the hold without the Change's lines, and refuses
  -- what it does not have.
  local function take()
    local wanted, t = {}, {}
    for i = 1, n do wanted[ls[i]] = (wanted[ls[i]] or 0) + qs[i] end
    for _, x in ipairs(h.held) do
      local l, left = x[1], x[2]
      local w = wanted[l] or 0
      wanted[l] = nil
      if w > left then
        add(l.n) add(2) add(w) add(left)
      elseif w < left then
        t[#t + 1] = text(left - w) .. ' ' .. l.f .. '\n'
      end
    end
    for l, w in pairs(wanted) do
      add(l.n) add(2) add(w) add(0)
    end
    if list then return SHORT end
    rest = concat(t)
    return nil
  end

  -- part is the table of reservations for what takes a part of the hold.
  local function part()
    if not h then return NOTFOUND end
    local status = h.status
    if status == 'c' then return kind == 'P' and h.settled and DUPLICATE or COMMITTED end
    if status ~= 'h' and kind == 'Q' then return DUPLICATE end
    if status == 'r' then return RELEASED end
    local refused = take()
    if refused or kind == 'Q' then return refused end
    if status == 'x' or now >= h.deadline * 1000 then late = 1 end
    if status == 'x' then -- the units are back, and taken again
      for i = 1, n do fs[i] = 1 end
      flow = -13
    end
    return nil
  end

  -- resize makes the Change's lines those of the hold, and the difference its
  -- movements.
  local function resize()
    if not h then return NOTFOUND end
    if h.status ~= 'h' or now >= h.deadline * 1000 then return ENDED[h.status] or EXPIRED end
    local more, named = {}, {}
    local function want(l, q)
      if not more[l] then
        more[l] = 0
        named[#named + 1] = l
      end
      more[l] = more[l] + q
    end
    for i = 1, n do want(ls[i], qs[i]) end
    for _, x in ipairs(h.held) do want(x[1], -x[2]) end
    n, rest = 0, ordername
    for _, l in ipairs(named) do
      local q = more[l]
      if q ~= 0 then
        n = n + 1
        ls[n], qs[n], fs[n], ts[n], shown[n] = l, q, 1, 2, 0
        if q < 0 then qs[n], fs[n], ts[n] = -q, 2, 1 end
      end
    end
    return nil
  end

  -- identify looks at the memory of the ID, hold or document first.
  local function identify()
    local bad
    if OWNID[kind] then
      idhash, fp = arg(), arg()
      for i = 1, generations do idkeys[i] = key() end
      if kind == 'N' then
        for i = 1, #channels do parked[i], retries[i] = key(), key() end
      end
      if PART[kind] then
        local rid = arg()
        ordername, what = arg(), 'reservation ' .. rid
        h, bad = readhold(key(), rid)
        hold = h
        if bad or h and not heldlines(h) then return CORRUPT end
      end
      for i = 1, generations do
        local have = call('HGET', idkeys[i], idhash)
        if have then return have == fp and DUPLICATE or REUSED end
      end
      if kind == 'Z' then return resize() end
      if PART[kind] then return part() end
      return nil
    end
    if kind == 'O' then
      doc = {k = key(), name = arg(), version = arg(), after = arg(), fp = arg(), doubts = arg(), class = arg(), body = arg()}
      local rid = arg()
      local hk = rid ~= '' and key()
      given = hk and ''
      local have = call('HGET', doc.k, doc.name)
      local version, havefp = '0', ''
      if have then
        version, havefp = match(have, '^(%d+) (%x+) %d+ ')
        if not version then
          what = 'document ' .. doc.name
          return CORRUPT
        end
      end
      if version ~= doc.version then
        if version == doc.after and havefp == doc.fp then return DUPLICATE end
        return CONFLICT
      end
      if not hk then return nil end
      local hd
      hd, bad = readhold(hk, rid)
      if bad then
        what = 'reservation ' .. rid
        return CORRUPT
      end
      if not hd then return nil end
      given = handover(hd, doc.name)
      local over = hd.settled or hd.status == 'r'
      if over and given == '' then return nil end
      h, what = hd, 'reservation ' .. rid
      hold = h
      if not heldlines(h) then return CORRUPT end
      if over then return nil end
      if h.status == 'h' then return flows(2, 1) end
      if h.status == 'c' then return flows(3, 1) end
      return nil -- of an expired hold the units are back already
    end

    local rid, k = arg(), key()
    if kind == 'R' then
      fp, ttl, heldtext = arg(), tonumber(arg()), arg()
    elseif kind == 'X' then
      ttl = tonumber(arg())
    elseif kind == 'C' then
      ordername = arg()
    end
    what = 'reservation ' .. rid
    h, bad = readhold(k, rid)
    if bad then return CORRUPT end
    if kind == 'R' then
      hold = h
      if not h then
        h = {k = k, id = rid}
        return nil
      end
      if not heldlines(h) then return CORRUPT end
      return h.fp == fp and DUPLICATE or REUSED
    end
    if not h then return kind == 'E' and DUPLICATE or NOTFOUND end
    hold = h
    if not heldlines(h) then return CORRUPT end
    local over = now >= h.deadline * 1000
    if kind == 'E' then
      if h.status ~= 'h' or not over then return DUPLICATE end
      return flows(2, 1)
    elseif kind == 'X' then
      if h.status == 'h' and not over then return nil end
      return ENDED[h.status] or EXPIRED
    elseif kind == 'U' then
      if h.status == 'h' then return flows(2, 1) end
      if h.status == 'c' then return COMMITTED end
      return DUPLICATE
    end
    if h.status == 'h' then
      late = over and 1 or 0
      return flows(2, 3)
    elseif h.status == 'x' then
      late = 1
      return flows(1, 3)
    elseif h.status == 'c' and (h.settled or h.order == ordername) then
      return DUPLICATE
    end
    return ENDED[h.status]
  end

  -- askleases finds the token in force on each level that is known by now; once
  -- is enough, as no Change moves a lease.
  local function askleases()
    local from, fields = asked + 1, {}
    if not leasing or from > #order then return end
    asked = #order
    for i = from, asked do fields[i - from + 1] = order[i].f end
    for i, record in ipairs(leaserecords(leases, fields)) do
      order[from + i - 1].fence = inforce(record)
    end
  end

  -- guard compares tokens and versions, as text: they are as they were read.
  local function guard()
    for i, v, fence in string.gmatch(guards, '(%d+) (%-?%d+) (%-?%d+);') do
      local l = order[tonumber(i)]
      if fence ~= '0' then
        askleases()
        if l.fence == false then
          what = 'lease ' .. l.f
          return CORRUPT
        end
        if l.fence ~= fence then return FENCED end
        l.opened = tick
      end
      if fence == '0' or v ~= '0' then
        if l.bad then
          what = 'level ' .. l.f
          return CORRUPT
        end
        if not l.v or l.pool or text(l.v) ~= v then return CONFLICT end
      end
    end
  end

  -- leased refuses what moves levels that somebody else has leased, unless it
  -- was decided elsewhere or before.
  local function leased()
    if not leasing or not enforced or kind == 'U' or kind == 'Q' or kind == 'E' then return nil end
    if late == 0 and (kind == 'C' or kind == 'P') then return nil end
    askleases()
    for i = 1, n do
      local l = ls[i]
      if l.fence == false then
        what = 'lease ' .. l.f
        return CORRUPT
      end
      if l.fence and l.opened ~= tick and l.named ~= tick then
        l.named = tick
        add(l.n)
      end
    end
    if list then return LEASED end
  end

  local function is(k, want)
    local t = call('TYPE', k)
    t = t.ok or t
    return t == 'none' or t == want
  end

  -- pooleduse reports whether a pooled channel is being told of a SKU that has
  -- no level left without the Change's.
  local function pooleduse(p)
    for _, x in ipairs(parts[p.f]) do
      if x.v and x.tick ~= tick then return false end
    end
    for _, g in ipairs(p.groups) do
      if g.batch ~= '' and channelof[g.id] then return true end
    end
    return false
  end

  -- untrack ends levels, unless they are in use. What they have left are the
  -- Change's movements.
  local function untrack()
    local used = false
    for i = 1, n do
      local l = ls[i]
      local bad = l.bad and l.f or pooling and spoilt(l)
      if bad then
        what = 'level ' .. bad
        return CORRUPT
      end
      if l.tick ~= tick then
        l.tick = tick
        if l.v then
          touches = touches + 1
          touched[touches] = l
          used = used or l.kit == 'd' or l[2] ~= 0 or l[3] ~= 0 or l[5] ~= 0
          for _, g in ipairs(l.groups) do used = used or g.batch ~= '' and channelof[g.id] end
        else
          add(l.n)
        end
      end
    end
    if list then return UNTRACKED end
    for i = 1, pooling and touches or 0 do used = used or pooleduse(poolof(touched[i])) end
    if used then return CONFLICT end
    for i = 1, #channels do
      if not is(parked[i], 'hash') or not is(retries[i], 'zset') then
        what = 'parked levels'
        return CORRUPT
      end
    end
    n = 0
    for i = 1, touches do
      local l = touched[i]
      for s = 1, 4 do
        if l[s] ~= 0 then
          n = n + 1
          ls[n], qs[n], fs[n], ts[n], shown[n] = l, l[s], s, 0, 0
        end
      end
    end
    return nil
  end

  -- buffers are those of a level's own.
  local function buffers(l)
    local b = ''
    for _, g in ipairs(l.groups) do
      if g.buffer then b = b .. g.id .. ' ' .. text(g.buffer) .. ';' end
    end
    return b
  end

  -- forget takes away a level and all that is known of it.
  local function forget(l)
    for i, c in ipairs(channels) do
      if l.by[c.id] then
        call('HDEL', parked[i], l.f)
        call('ZREM', retries[i], l.f)
      end
    end
    l.buffers = buffers(l)
    for _, g in ipairs(l.groups) do
      g.believed, g.buffer, g.dir, g.since, g.parked = nil, nil, '', 0, ''
    end
    l.v, l.kit = nil, nil
    for s = 1, 5 do l[s] = 0 end
    touch(l)
  end

  -- derived lets a level of a kit move by what its channel shows of it only, and
  -- refuses what wants more.
  local function derived(l)
    local d = l.d
    if enforced and linetext ~= '' then
      for s = 1, 5 do
        if d[s] ~= 0 then return DERIVED end
      end
    end
    for s = 2, 5 do d[s] = 0 end
    d[1] = kind == 'L' and 0 or d[6]
    return nil
  end

  -- move sums up the lines per level, and refuses what is untracked or short.
  local function move()
    if kind == 'N' then return untrack() end
    local track, c = kind == 'T', channels[origin]
    local missing = false
    for i = 1, n do
      local l = ls[i]
      local bad = l.bad and l.f or pooling and spoilt(l)
      if bad then
        what = 'level ' .. bad
        return CORRUPT
      end
      local idle = qs[i] == 0 and l.kit ~= 'd' and kind ~= 'L' and not track -- of a kit without a level
      if l.tick ~= tick and not idle then
        l.tick, l.gone = tick, false
        if track then
          if l.v then return CONFLICT end
        elseif l.pool and c and c.pooled and tracked(l) then -- a Believe of a SKU
        elseif not l.v or l.pool then
          l.gone, missing = true, true
          add(l.n)
        end
        if not l.gone then
          touches = touches + 1
          touched[touches] = l
          local d = l.d
          if d then
            for s = 1, 6 do d[s] = 0 end
          else
            l.d = {[0] = 0, 0, 0, 0, 0, 0, 0}
          end
        end
      end
      if not l.gone and not idle then
        local d = l.d
        d[fs[i]] = d[fs[i]] - qs[i]
        d[ts[i]] = d[ts[i]] + qs[i]
        d[6] = d[6] + shown[i]
      end
    end
    if missing then return UNTRACKED end
    for i = 1, touches do
      local l = touched[i]
      if l.kit == 'd' then
        local refused = derived(l)
        if refused then return refused end
      end
      for s = 1, 5 do
        if not exact((l[s] or 0) + l.d[s]) then return RANGE end
      end
      local g = c and (c.pooled and poolof(l) or l).by[c.id]
      if g and g.believed and not exact(g.believed + l.d[6]) then return RANGE end
    end
    if track then return nil end
    local short = {}
    for i = 1, touches do
      local l = touched[i]
      for s = 1, 5 do
        local was, is, least = l[s], l[s] + l.d[s], s == 1 and l.s - l.k or 0
        if is < was and is < least then
          if enforced then
            short[#short + 1] = l.n
            short[#short + 1] = s
            short[#short + 1] = was - is
            short[#short + 1] = was - least
          elseif s == 1 then
            add(l.n)
          end
        end
      end
    end
    if #short > 0 then
      list = short
      return SHORT
    end
  end

  -- write makes the Change true.
  local function write()
    begin()
    local c = channels[origin]
    local reads = kind == 'T' or kind == 'L'
    if marks then
      for i = 1, touches do
        local l = touched[i]
        if l.kit or kind == 'T' or kind == 'N' then
          marked[#marked + 1] = text(now)
          marked[#marked + 1] = l.f
        end
      end
    end
    for i = 1, kind == 'N' and touches or 0 do forget(touched[i]) end
    for i = 1, kind == 'N' and 0 or touches do
      local l = touched[i]
      local d = l.d
      if not l.v and not l.pool then
        l.v, l.s, l.k = 0, 0, 0
        for s = 1, 5 do l[s] = 0 end
        newlocs = newlocs or {}
        newlocs[sub(l.f, find(l.f, '\0', 1, true) + 1)] = true
      end
      if not l.pool then
        for s = 1, 5 do l[s] = l[s] + d[s] end
        l.v = l.v + 1
      end
      if c and (l.pool or sells(c, l)) then
        local at = c.pooled and poolof(l) or l
        local g = reads and group(at, c.id) or at.by[c.id]
        if g and g.believed then
          if not reads or g.read == tick then g.believed = g.believed + d[6] end
        elseif reads and g.batch == '' then -- of one SKU, the lines are summed
          g.believed, g.read = d[6], tick
        end
      end
      mark(l)
      touch(l)
    end
    for i = 1, pooling and touches or 0 do
      local p = poolof(touched[i])
      if kind == 'N' and not tracked(p) then forget(p) else markpool(p) end
    end
    if idhash then
      call('HSET', idkeys[1], idhash, fp)
      -- No ID is written a horizon after the start, and each lives for one
      -- more; not all hashes of a generation go at the same moment.
      local spread = horizon / 8 * byte(idhash, 1) / 256
      call('EXPIREAT', idkeys[1], text(floor((start + 2 * horizon + spread) / 1000000) + 1), 'NX')
      newids = newids + 1
      if rest then
        h.lines = rest
        if kind == 'P' then
          for i = 1, n do h.parts = h.parts .. '\t' .. ordername .. '\t' .. text(qs[i]) .. ' ' .. ls[i].f .. '\n' end
        end
        if rest == '' then
          h.status, h.ended = 'r', text(now)
          if kind == 'P' then h.status, h.order = 'c', ordername end
        end
        writehold(h)
      end
    elseif kind == 'R' then
      h.status, h.deadline, h.ended, h.settled, h.fp, h.order, h.lines, h.parts = 'h', floor((now + ttl) / 1000), '0', false, fp, '', heldtext, ''
      hold = h
      writehold(h)
    elseif kind == 'X' then
      local till = floor((now + ttl) / 1000)
      if till > h.deadline then
        h.deadline = till
        writehold(h)
      end
    elseif kind == 'C' then
      h.status, h.order, h.ended = 'c', ordername, text(now)
      writehold(h)
    elseif kind == 'U' or kind == 'E' then
      h.status, h.ended = kind == 'U' and 'r' or 'x', text(now)
      writehold(h)
    else
      if hold then
        if not h.settled and h.status ~= 'r' then
          h.status, h.order, h.settled, h.ended = 'c', doc.name, true, text(now)
        end
        writehold(h)
      end
      if doc.class == 'd' then
        call('HDEL', doc.k, doc.name, doc.name .. '\0')
      else
        call('HSET', doc.k, doc.name, doc.after .. ' ' .. doc.fp .. ' ' .. text(now) .. ' ' .. doc.doubts, doc.name .. '\0', doc.body)
      end
      if doc.class ~= 'f' then call('ZREM', KEYS[5], doc.name) end
      if doc.class ~= 'c' then call('ZREM', KEYS[6], doc.name) end
      if doc.class == 'f' then call('ZADD', KEYS[5], text(now), doc.name) end
      if doc.class == 'c' then call('ZADD', KEYS[6], text(now), doc.name) end
    end
    if flow ~= 0 or kind == 'Z' or kind == 'N' or given and given ~= '' then -- the journal wants what moved
      local t = {}
      for i = 1, n do t[i] = text(ls[i].n) .. ' ' .. text(qs[i]) .. ' ' .. fs[i] .. ts[i] .. ' ' .. text(shown[i]) .. ';' end
      linetext = concat(t)
    end
    applied[#applied + 1] = kind .. '\t' .. id .. '\t' .. linetext .. '\t' .. note
  end

  -- park makes a hold whose expiry was refused due again in an hour only: due
  -- names a few, and those that can't expire must not keep out the others.
  local function park()
    if not call('ZSCORE', KEYS[3], id) then return end
    begin()
    call('ZADD', KEYS[3], text(floor(now / 1000) + 3600000), id)
    duenow = nil
  end

  -- level answers a level, once per Change.
  local count
  local function level(l)
    if l.tick ~= tick and l.v and not l.pool then
      put(l.n) put(l.v) put(l[1]) put(l[2]) put(l[3]) put(l[4]) put(l[5])
      out[count] = out[count] + 1
    end
    l.tick = tick
  end

  -- change reads one Change, applies it, and answers.
  local function change()
    kind, enforced, origin, id, linetext, guards, note = arg(), arg() == '1', tonumber(arg()), arg(), arg(), arg(), arg()
    n, h, hold, flow, late, what, given = 0, nil, nil, 0, 0, '', nil
    idhash, doc, list, rest, touches = nil, nil, nil, nil, 0

    for i, q, f, t, s in string.gmatch(linetext, '(%d+) (%-?%d+) (%d)(%d) (%-?%d+);') do
      n = n + 1
      ls[n], qs[n], fs[n], ts[n], shown[n] = order[tonumber(i)], tonumber(q), tonumber(f), tonumber(t), tonumber(s)
    end

    tick = tick + 1

    local code = identify() or guard() or leased() or move() or APPLIED
    if code == APPLIED then write() end
    if kind == 'E' and code ~= APPLIED and (code ~= DUPLICATE or not h) then park() end

    put(code)
    put(late)
    put(code == APPLIED and flow or 0)
    put(due())
    put(code ~= CORRUPT and hold and holdtext(hold) or '')
    count = no + 1
    put(0)
    tick = tick + 1
    for i = 1, n do level(ls[i]) end
    if hold and hold.held then
      for _, x in ipairs(hold.held) do level(x[1]) end
    end
    if code == CORRUPT then
      put(what)
    elseif code == APPLIED or code == UNTRACKED or code == LEASED then
      put(list and #list or 0)
      for i = 1, list and #list or 0 do put(list[i]) end
    elseif code == SHORT then
      put(#list / 4)
      for i = 1, #list do put(list[i]) end
    else
      put(0)
    end
    if kind == 'Z' or kind == 'N' then put(code == APPLIED and linetext or '') end
    if given then put(code == APPLIED and given or '') end
  end

  -- nextgeneration puts another in front: larger if this one is full before its
  -- time, smaller if it was nearly empty. Those whose successor began a horizon
  -- ago are remembered no longer.
  local function nextgeneration(ids, full)
    local all = call('HGET', KEYS[1], 'gens') or ''
    local keep, after, size = {}, now, nil
    for n, shards, from in string.gmatch(all, '(%d+) (%d+) (%d+)') do
      if not size then
        size = tonumber(shards)
        if ids >= full then
          size = min(size * 8, 131072)
        elseif ids * 8 < full then
          size = max(floor(size / 8), tonumber(ARGV[8]))
        end
        keep[1] = text(tonumber(n) + 1) .. ' ' .. text(size) .. ' ' .. text(now)
      end
      if after + horizon <= now then break end
      keep[#keep + 1] = n .. ' ' .. shards .. ' ' .. from
      after = tonumber(from)
    end
    if not size then corrupt('meta gens') end
    return concat(keep, '\n')
  end

  local refusal = open()
  if refusal then return refusal end
  header()
  leases = key()
  local full = tonumber(arg())
  start, horizon, generations = tonumber(arg()), tonumber(arg()), tonumber(arg())
  if arg() == '1' then
    for i = 4, 6 do typed(KEYS[i], 'zset') end
  end
  if arg() == '1' then
    marks = key()
    typed(marks, 'zset')
  end
  if fresh then start = now end
  local ids = 0
  if not fresh then
    local meta = call('HMGET', KEYS[1], 'ids', 'leased')
    ids, leasing = tonumber(meta[1] or ''), now < leasemeta(meta[2]) * 1000
    if not ids then corrupt('meta') end
    if leasing then typed(leases, 'hash') end
    if now >= start + horizon or ids >= full then
      -- A new generation of IDs: the client has to declare other keys.
      local fields = {'gens', nextgeneration(ids, full), 'ids', '0'}
      reshape(fields)
      commit(fields)
      return open(true)
    end
  end

  local fields, inbucket = {}, {}
  for i = 1, tonumber(arg()) do
    inbucket[i], fields[i] = arg(), arg()
  end
  load(fields, inbucket)
  due() -- also to learn of a wrong type before the first write
  local declared = #order
  for _ = 1, tonumber(arg()) do change() end

  if #applied > 0 then
    flush()
    if #marked > 0 then chunked('ZADD', marks, marked) end
    local set = newids > 0 and {'ids', text(ids + newids)} or {}
    if newlocs then
      local have = call('HGET', KEYS[1], 'locs') or ''
      local all = '\n' .. have .. '\n'
      local grown = false
      for l in pairs(newlocs) do
        if not find(all, '\n' .. l .. '\n', 1, true) then
          have = have == '' and l or have .. '\n' .. l
          grown = true
        end
      end
      if grown then
        set[#set + 1] = 'locs'
        set[#set + 1] = have
        reshape(set)
      end
    end
    commit(set)
    local names = {}
    for i, l in ipairs(order) do names[i] = l.f end
    journal('levels', concat(names, '\n'), 'changes', concat(applied, '\n'))
  end

  local reply, rn = ok(), 5
  local function add(v)
    rn = rn + 1
    reply[rn] = v
  end
  add(#order - declared)
  for i = declared + 1, #order do add(order[i].f) end
  local at, rules = rn + 1, 0
  add(0)
  for _, l in ipairs(order) do
    if (l.v or l.buffers) and not l.pool then -- those of an untracked level are in outcomes before
      local b = l.buffers or buffers(l)
      if l.kit == 'd' then b = b .. 'd;' end
      if l.s ~= 0 or l.k ~= 0 or b ~= '' then
        rules = rules + 1
        add(l.n) add(l.s) add(l.k) add(b)
      end
    end
  end
  reply[at] = rules
  add(#dues)
  for _, list in ipairs(dues) do
    add(#list)
    for _, id in ipairs(list) do add(id) end
  end
  for i = 1, no do add(out[i]) end
  return reply
end
