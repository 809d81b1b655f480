-- apply.lua applies a vector of Changes, each whole or not at all.
--
-- KEYS after those of common.lua: leases, marks if any, then Change by Change:
--   with an ID of its own   one hash of IDs per live generation, newest first
--   untrack                 after those of IDs, per channel: parked reasons, retry times
--   about a hold            the hold's hash, after those of IDs if it has both
--   an order                the document's hash, then the hold's if it names one
-- ARGV after those of common.lua:
--   1 full: the newest generation is to be followed by another at so many IDs
--   2 few: with so many IDs in it each of its hashes has been written to
--   3 its start in us    4 horizon in us    5 live generations
--   6 '1' if there are Changes about holds or documents
--   7 '1' if there is a key of marks (of kits that have levels) after the leases
--   levels: n, then per level: bucket, field (sku \0 location)
--   changes: n, then per Change:
--     what it says: kind, '1' if enforced, 'g' if there are guards, 't' if it
--       says when it happened, position of the origin channel or 0, tab, lines:
--       "level quantity from-to shown;" each, states 0 world to 5 incoming; 0
--       from world to world is [Line.ShownOnly], but of a believe
--     line of the journal: "kind \t ID \t lines \t note"
--     guards, if it says so: "level version fence;" each
--     when it happened in us, if it says so
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
--   records of all levels as they were before this call, empty if not tracked
--   lists of due reservations: n, then each: n, IDs; then the position of the
--     one as of before, 0 for none
--   codes, a letter per Change:
--     A applied      D duplicate   S short       U untracked   N not found
--     E expired      R released    C committed   I reused ID   V conflict
--     X corrupt      G range       L leased      F fenced
--     B happened before the IDs that are remembered
--     K of a level of a kit, that has nothing to take
--     a applied, and oversold
--   more of each Change but of an A or D of kind T, L or M: late, flow (from * 10
--     + to, of the hold's lines; below 0 that of the Change's own), position of
--     the list of due ones from now on, record of the hold or empty, then a
--     list: n, and of an S: level, state, wanted, left; else levels (U, L, a);
--     of an X what is, in place of the list; at the end, of Z and N, its
--     movements, like lines, if it is applied, and of an O with a reservation those
--     of parts that were committed to it, applied or not
-- What a level is after each Change follows from that and the movements.

-- nextgeneration puts another in front: larger if this one is full before its
-- time, smaller if it was nearly empty. Those whose successor began a horizon
-- ago are remembered no longer.
local function nextgeneration(ids, full, horizon)
  local all = call('HGET', KEYS[1], 'gens') or ''
  local keep, after, size = {}, now, nil
  for n, shards, from in string.gmatch(all, '(%d+) (%d+) (%d+)') do
    if not size then
      size = tonumber(shards)
      if ids >= full then
        size = min(size * 64, 131072)
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

-- askleases finds the token in force on each level that is known by now, or that
-- it has one that is over; once is enough, as no Change moves a lease.
local asked = 0
local function askleases(leases)
  local from, fields = asked + 1, {}
  if from > #order then return end
  asked = #order
  for i = from, asked do fields[i - from + 1] = order[i].f end
  for i, record in ipairs(leaserecords(leases, fields)) do
    local l = order[from + i - 1]
    l.fence = inforce(record)
    l.over = record and l.fence == nil
  end
end

-- guard compares tokens and versions, as text: they are as they were read.
local function guard(x, guards, leases)
  for i, v, fence in string.gmatch(guards, '(%d+) (%-?%d+) (%-?%d+);') do
    local l = order[tonumber(i)]
    if fence ~= '0' then
      if leases then askleases(leases) end
      if l.fence == false then
        x.what = 'lease ' .. l.f
        return 'X'
      end
      if l.fence ~= fence then return 'F' end
      l.opened = x.tick
    end
    if fence == '0' or v ~= '0' then
      if l.bad then
        x.what = 'level ' .. l.f
        return 'X'
      end
      if not l.v or l.pool or text(l.v) ~= v then return 'V' end
    end
  end
end

-- leased refuses what moves levels that somebody else has leased.
local function leased(x, leases)
  askleases(leases)
  local list, ls, tick = {}, x.ls, x.tick
  for i = 1, x.n do
    local l = ls[i]
    if l.fence == false then
      x.what = 'lease ' .. l.f
      return 'X'
    end
    if l.fence and l.opened ~= tick and l.named ~= tick then
      l.named = tick
      list[#list + 1] = l.n
    end
  end
  if #list > 0 then
    x.list = list
    return 'L'
  end
end

-- endleases takes away leases that are over, of levels that were moved, and all
-- once none is in force. So a clock that goes back does not bring back the lease
-- of a level that others have moved since it was over.
local function endleases(leases, leasing, moved)
  local gone = {}
  if leasing then
    askleases(leases)
    for i = 1, #moved do
      if moved[i].over then gone[#gone + 1] = moved[i].f end
    end
    if #gone == 0 then return end
    chunked('HDEL', leases, gone)
    if call('EXISTS', leases) == 1 then return end
  else
    call('UNLINK', leases)
  end
  commit({'leased', '0'})
end

-- derived lets a level of a kit move by what its channel shows of it only, and
-- refuses what wants more.
local function derived(l, refuses, reads)
  local d = l.d
  if refuses then
    for s = 1, 5 do
      if d[s] ~= 0 then return 'K' end
    end
  end
  for s = 2, 5 do d[s] = 0 end
  d[1] = reads and 0 or d[6]
  return nil
end

-- sum adds up the lines per level, as l.d, and refuses what is untracked or
-- short. Its levels are touched.
local function sum(x, what, own, touched)
  local track, enforced, channel = what.track, what.enforced, what.channel
  local ls, qs, fs, ts, shown, tick = x.ls, x.qs, x.fs, x.ts, x.shown, x.tick
  local missing, short, k = {}, {}, 0
  for i = 1, x.n do
    local l = ls[i]
    local bad = l.bad and l.f or pooling and spoilt(l)
    if bad then
      x.what = 'level ' .. bad
      return 'X'
    end
    local idle = qs[i] == 0 and l.kit ~= 'd' and not what.reads -- of a kit without a level
    if l.tick ~= tick and not idle then
      l.tick = tick
      if track then
        if l.v then return 'V' end
      elseif l.pool and channel and channel.pooled and tracked(l) then -- a Believe of a SKU
      elseif not l.v or l.pool then
        missing[#missing + 1] = l.n
      end
      k = k + 1
      touched[k] = l
      l.d = {0, 0, 0, 0, 0, 0, [0] = 0}
    end
    if not idle then
      local d, q = l.d, qs[i]
      d[fs[i]] = d[fs[i]] - q
      d[ts[i]] = d[ts[i]] + q
      d[6] = d[6] + shown[i]
    end
  end
  x.touched = k
  if #missing > 0 then
    x.list = missing
    return 'U'
  end
  for i = 1, k do
    local l = touched[i]
    local d = l.d
    if l.kit == 'd' then
      local refused = derived(l, enforced and own, what.reads)
      if refused then return refused end
    end
    for s = 1, 5 do
      if not exact((l[s] or 0) + d[s]) then return 'G' end
    end
  end
  if track then return nil end
  for i = 1, k do
    local l = touched[i]
    local d = l.d
    for s = 1, 5 do
      local was, is, least = l[s], l[s] + d[s], s == 1 and l.s - l.k or 0
      if is < was and is < least then
        if enforced then
          local n = #short
          short[n + 1], short[n + 2], short[n + 3], short[n + 4] = l.n, s, was - is, was - least
        elseif s == 1 then
          short[#short + 1] = l.n
        end
      end
    end
  end
  if #short > 0 then
    x.list = short
    if enforced then return 'S' end
  end
end

local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local leases = key()
  local full, few = tonumber(arg()), tonumber(arg())
  local start, horizon, generations = tonumber(arg()), tonumber(arg()), tonumber(arg())
  if arg() == '1' then
    for i = 4, 6 do typed(KEYS[i], 'zset') end
  end
  local marks, marked = arg() == '1' and key(), {}
  if marks then typed(marks, 'zset') end
  local had, newids, leasing = 0, 0, false
  if fresh then
    start = now
  else
    had, leasing = tonumber(ids or ''), now < leasemeta(leasedtill) * 1000
    if not had then corrupt('meta') end
    if leasing then typed(leases, 'hash') end
    if now >= start + horizon or had >= full then
      -- A new generation of IDs: the client has to declare other keys.
      local fields = {'gens', nextgeneration(had, full, horizon), 'ids', '0'}
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
  local declared = #order

  -- The Change in hand: n lines, each a level, a quantity, from, to and by how
  -- much the origin's number has moved; then what becomes of it.
  local ls, qs, fs, ts, shown = {}, {}, {}, {}, {}
  local x = {ls = ls, qs = qs, fs = fs, ts = ts, shown = shown, n = 0, tick = 0, touched = 0}
  local touched, others = {}, nil
  local codes, applied, napplied = {}, {}, 0
  local out, no = {}, 0
  local newlocs

  local dues = {}
  local function due()
    if not x.due then
      local list = call('ZRANGEBYSCORE', KEYS[3], '-inf', text(floor(now / 1000)), 'LIMIT', 0, 10)
      x.due = 0
      if #list > 0 then
        dues[#dues + 1] = list
        x.due = #dues
      end
    end
    return x.due
  end
  local before = due() -- here also to learn of a wrong type before the first write

  -- remembered says what is known of an ID; its n hashes are KEYS from at + 1 on.
  local function remembered(at, idhash, fp, n)
    for i = at + 1, at + n do
      local have, wrong = ask('HGET', KEYS[i], idhash)
      if have then return have == fp and 'D' or 'I' end
      if wrong then
        x.what = 'IDs'
        return 'X'
      end
    end
  end

  -- noted has one more ID in KEYS[k]. No ID is written a horizon after the start
  -- of its generation, and each lives for one more; not all hashes go at the same
  -- moment.
  local function noted(k, idhash)
    newids = newids + 1
    if had + newids <= few then
      local spread = horizon / 8 * byte(idhash, 1) / 256
      call('EXPIREAT', KEYS[k], text(floor((start + 2 * horizon + spread) / 1000000) + 1), 'NX')
    end
  end

  -- understand reads what a Change says. Many say the same, so each saying is
  -- read once. One is simple if it moves some of a level and nothing has to be
  -- looked at but the level and the ID.
  local sayings = {}
  local function understand(saying)
    local kind, enforced, guards, dated, origin, at = match(saying, '^(%a)([01])(g?)(t?)(%d+)\t()')
    local what = {kind = kind, enforced = enforced == '1', guarded = guards == 'g', dated = dated == 't', channel = channels[tonumber(origin)],
      plain = kind == 'M' or kind == 'T' or kind == 'L', track = kind == 'T', reads = kind == 'T' or kind == 'L',
      never = kind == 'U' or kind == 'Q' or kind == 'E', perhaps = kind == 'C' or kind == 'P'}
    while at <= #saying do
      local i, q, f, t, s, to = match(saying, '^(%d+) (%-?%d+) (%d)(%d) (%-?%d+);()', at)
      what[#what + 1] = {order[tonumber(i)], tonumber(q), tonumber(f), tonumber(t), tonumber(s)}
      at = to
    end
    local line = what[1]
    if kind == 'M' and #what == 1 and not (what.guarded or what.dated or what.channel or leasing or marks or pooling) then
      local l, q, f, t = line[1], line[2], line[3], line[4]
      what.simple = f ~= t and q > 0 and not l.pool and not l.kit
    end
    sayings[saying] = what
    return what
  end

  -- simply applies a simple Change, once the call writes an entry of the journal:
  -- true if it did, else there is more to it, and nothing has been written.
  local function simply(what)
    local line, k = what[1], ka + 1
    local l, q, f, t = line[1], line[2], line[3], line[4]
    local from, to = l[f], l[t]
    local least = f == 1 and l.s - l.k or 0
    if not l.v or from and from - q < least or to and to + q > BIG then return false end
    local idhash, fp = ARGV[aa + 1], ARGV[aa + 2]
    if generations > 1 and remembered(k, idhash, fp, generations - 1) then return false end
    if ask('HSETNX', KEYS[k], idhash, fp) ~= 1 then return false end
    noted(k, idhash)
    ka, aa = ka + generations, aa + 2
    if from then l[f] = from - q end
    if to then l[t] = to + q end
    l.v = l.v + 1
    if not l.dirty then touch(l) end
    return true
  end

  for c = 1, tonumber(arg()) do
    local saying, line = arg(), arg()
    local what = sayings[saying] or understand(saying)
    if numbered and what.simple and simply(what) then
      codes[c] = 'A'
      napplied = napplied + 1
      applied[napplied] = line
    else
      local n = #what
      for i = 1, n do
        local own = what[i]
        ls[i], qs[i], fs[i], ts[i], shown[i] = own[1], own[2], own[3], own[4], own[5]
      end
      local kind, enforced, plain, channel, tick = what.kind, what.enforced, what.plain, what.channel, x.tick + 1
      local guards, own = what.guarded and arg(), n > 0
      x.old = what.dated and now - tonumber(arg()) > horizon
      x.n, x.tick, x.list, x.late, x.flow, x.hold, x.given = n, tick, nil, 0, 0, nil, nil

      -- What is known of the ID, hold or document comes first; of an ID the
      -- answer is asked for when it matters.
      local code, way, idhash, fp, idat
      if plain then
        idhash, fp, idat = arg(), arg(), ka
        ka = ka + generations
      else
        if not others then
          x.ownid = function()
            x.idhash, x.fp, x.idat = arg(), arg(), ka
            ka = ka + generations
            return remembered(x.idat, x.idhash, x.fp, generations) or x.old and 'B'
          end
          x.keepid = function()
            call('HSET', KEYS[x.idat + 1], x.idhash, x.fp)
            noted(x.idat + 1, x.idhash)
          end
          local H = holds(x)
          others = {holds = H, O = orders(x, H), N = untracks(x)}
        end
        way = others[kind] or others.holds
        code = way.identify(kind)
        n = x.n
      end

      code = code or x.old and 'B' or guards and guard(x, guards, leasing and leases)
      if not code and leasing and enforced and not what.never and not (what.perhaps and x.late == 0) then
        code = leased(x, leases)
      end

      -- One line alone, which most Changes are, needs no sums.
      local one, a, b, l, f, t
      if not code then
        one = n == 1 and not what.track and not ls[1].pool and ls[1].kit ~= 'd' and (qs[1] ~= 0 or what.reads)
        if way and way.move then
          one = false
          x.touched = 0
          code = way.move()
          n = x.n
        elseif not one then
          code = sum(x, what, own, touched)
        else
          l, f, t = ls[1], fs[1], ts[1]
          local bad = l.bad and l.f or pooling and spoilt(l)
          if bad then
            x.what = 'level ' .. bad
            code = 'X'
          elseif not l.v then
            x.list = {l.n}
            code = 'U'
          else
            local q = qs[1]
            a, b = l[f], l[t]
            if f ~= t then
              if a then
                local least, was = f == 1 and l.s - l.k or 0, a
                a = a - q
                if a < was and a < least then
                  if enforced then
                    x.list = {l.n, f, q, was - least}
                    code = 'S'
                  elseif f == 1 then
                    x.list = {l.n}
                  end
                end
              end
              if b then b = b + q end
              if a and not exact(a) or b and not exact(b) then code = 'G' end
            end
          end
        end
        if not code and channel then
          for i = 1, one and 1 or x.touched do
            local l = one and ls[1] or touched[i]
            local g = (channel.pooled and poolof(l) or l).by[channel.id]
            if g and g.believed and not exact(g.believed + (one and shown[1] or l.d[6])) then code = 'G' end
          end
        end
      end

      if plain then
        if code or not wrote then
          code = remembered(idat, idhash, fp, generations) or code
          if not code then
            begin(true)
            call('HSET', KEYS[idat + 1], idhash, fp)
            noted(idat + 1, idhash)
          end
        else
          -- Once the call writes, the newest is asked and written in one step.
          code = generations > 1 and remembered(idat + 1, idhash, fp, generations - 1)
          if not code then
            if ask('HSETNX', KEYS[idat + 1], idhash, fp) == 1 then
              noted(idat + 1, idhash)
            else
              code = remembered(idat, idhash, fp, generations)
            end
          end
        end
      end

      if not code then -- it is true now
        begin(true)
        code = 'A'
        if one then
          l[f], l[t] = a, b
          l[0] = nil
        end
        if marks then
          for i = 1, one and 1 or x.touched do
            local l = one and l or touched[i]
            if l.kit or what.track then
              marked[#marked + 1] = text(now)
              marked[#marked + 1] = l.f
            end
          end
        end
        for i = 1, one and 1 or x.touched do
          local l = one and l or touched[i]
          if not one then
            local d = l.d
            if not l.v and not l.pool then
              l.v, l.s, l.k = 0, 0, 0
              for s = 1, 5 do l[s] = 0 end
              newlocs = newlocs or {}
              newlocs[sub(l.f, find(l.f, '\0', 1, true) + 1)] = true
            end
            for s = 1, l.pool and 0 or 5 do l[s] = l[s] + d[s] end
          end
          if not l.pool then l.v = l.v + 1 end
          if channel and (l.pool or sells(channel, l)) then
            local moved, at = one and shown[1] or l.d[6], channel.pooled and poolof(l) or l
            local g = what.reads and group(at, channel.id) or at.by[channel.id]
            if g and g.believed then
              if not what.reads or g.read == tick then g.believed = g.believed + moved end
            elseif what.reads and g.batch == '' then -- of one SKU, the lines are summed
              g.believed, g.read = moved, tick
            end
          end
          touch(l)
        end
        if way then way.finish(kind, marks and marked) end
        if x.flow ~= 0 or kind == 'Z' or kind == 'N' or x.given and x.given ~= '' then -- the journal wants what moved
          local moves = {}
          for i = 1, n do moves[i] = text(ls[i].n) .. ' ' .. text(qs[i]) .. ' ' .. fs[i] .. ts[i] .. ' ' .. text(shown[i]) .. ';' end
          x.moves = concat(moves)
          local ended = ''
          for i = 1, kind == 'N' and #x.ended or 0 do -- it may be tracked again in this call
            local l = x.ended[i]
            ended = ended .. format('%d %d 00 %d;%d %d 00 0;', l.n, l.last, l.s, l.n, l.k)
          end
          local at = find(line, '\t', 3, true)
          local rest = find(line, '\t', at + 1, true)
          line = sub(line, 1, at) .. x.moves .. ended .. sub(line, rest)
        end
        napplied = napplied + 1
        applied[napplied] = line
        if plain and x.list then code = 'a' end
      end

      if kind == 'E' and code ~= 'A' then way.park(code) end

      codes[c] = code
      if not plain or code ~= 'A' and code ~= 'D' then
        local list = x.list or {}
        out[no + 1], out[no + 2], out[no + 3] = x.late, code == 'A' and x.flow or 0, due()
        out[no + 4] = code ~= 'X' and x.hold and others.holds.text(x.hold) or ''
        no = no + 5
        if code == 'X' then
          out[no] = x.what
        elseif code == 'A' or code == 'a' or code == 'U' or code == 'L' or code == 'S' then
          out[no] = code == 'S' and #list / 4 or #list
          for i = 1, #list do out[no + i] = list[i] end
          no = no + #list
        else
          out[no] = 0
        end
        if kind == 'Z' or kind == 'N' then
          no = no + 1
          out[no] = code == 'A' and x.moves or ''
        elseif x.given then
          no = no + 1
          out[no] = x.given
        end
      end
    end
  end

  if napplied > 0 then
    if leasing or leasedtill and leasedtill ~= '0' then endleases(leases, leasing, dirty) end
    for i = 1, #dirty do
      mark(dirty[i])
      if pooling then markpool(dirty[i]) end
    end
    flush()
    if #marked > 0 then chunked('ZADD', marks, marked) end
    local set = newids > 0 and {'ids', text(had + newids)} or {}
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
    journal('levels', after(), 'changes', concat(applied, '\n'))
  end

  local reply, rn = ok(), 6
  reply[6] = #order - declared
  for i = declared + 1, #order do
    rn = rn + 1
    reply[rn] = order[i].f
  end
  for i = 1, #order do reply[rn + i] = not order[i].pool and order[i].raw or '' end
  rn = rn + #order + 1
  reply[rn] = #dues
  for _, list in ipairs(dues) do
    reply[rn + 1] = #list
    for i = 1, #list do reply[rn + 1 + i] = list[i] end
    rn = rn + 1 + #list
  end
  reply[rn + 1], reply[rn + 2] = before, concat(codes)
  rn = rn + 2
  for i = 1, no do reply[rn + i] = out[i] end
  return reply
end
