-- holds.lua is what apply.lua does for Changes about reservations. Like
-- orders.lua and untrack.lua it is a function that makes functions, called when
-- the first such Change comes: a script that moves plain lines does not pay for
-- them.
--
-- x is the Change in hand, as apply.lua says.
--
-- A hold is "status deadline(ms) ended(us) settled fingerprint\torder\n", then
-- "quantity sku\0location\n" per level, then per committed part of it
-- "\torder\tquantity sku\0location\n".
local function holds(x)
  local H = {}
  local ls, qs, fs, ts, shown = x.ls, x.qs, x.fs, x.ts, x.shown
  local PART = {P = true, Q = true, Z = true}
  local ENDED = {c = 'C', r = 'R', x = 'E'}

  -- read returns the hold, nil if there is none, or nil and true if its record
  -- can't be read.
  function H.read(k, id)
    x.what = 'reservation ' .. id
    local v, wrong = ask('HGET', k, id)
    if not v then return nil, wrong end
    local status, deadline, ended, settled, fp, name, at = match(v, '^([hcrx]) (%d+) (%d+) ([01]) (%x+)\t([^\n]*)\n()')
    if not status then return nil, true end
    local cut = find(v, '\t', at, true) or #v + 1
    return {k = k, id = id, status = status, deadline = tonumber(deadline), ended = ended, settled = settled == '1', fp = fp,
      order = name, lines = sub(v, at, cut - 1), parts = sub(v, cut)}
  end

  function H.text(h)
    return h.status .. ' ' .. text(h.deadline) .. ' ' .. h.ended .. ' ' .. (h.settled and '1' or '0') .. ' ' .. h.fp .. '\t' .. h.order .. '\n' .. h.lines .. h.parts
  end

  function H.put(h)
    call('HSET', h.k, h.id, H.text(h))
    if h.status == 'h' then
      call('ZADD', KEYS[3], text(h.deadline), h.id)
    else
      call('ZREM', KEYS[3], h.id)
      call('ZADD', KEYS[4], h.ended, h.id)
    end
    x.due = nil
  end

  -- lines loads the levels of a hold; nil if its record can't be read.
  function H.lines(h)
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

  -- before puts lines, a level and a quantity each, before the Change's own.
  local function before(lines, from, to)
    local n, k = x.n, #lines
    for i = n, 1, -1 do
      ls[i + k], qs[i + k], fs[i + k], ts[i + k], shown[i + k] = ls[i], qs[i], fs[i], ts[i], shown[i]
    end
    for i = 1, k do
      ls[i], qs[i], fs[i], ts[i], shown[i] = lines[i][1], lines[i][2], from, to, 0
    end
    x.n = n + k
  end

  -- flows makes lines of a hold the Change's.
  function H.flows(h, from, to)
    local held = H.lines(h)
    if not held then return 'X' end
    before(held, from, to)
    x.flow = from * 10 + to
    return nil
  end

  -- handover finds what of a hold was committed to an order, as movements, and
  -- takes it out of the record.
  function H.handover(h, name)
    if h.parts == '' then return '' end
    local rest, lines, fields, t = {}, {}, {}, {}
    for whole, o, q, f in string.gmatch(h.parts, '(\t([^\t]+)\t(%d+) ([^\n]+)\n)') do
      if o == name and find(f, '\0', 1, true) then
        fields[#fields + 1], lines[#lines + 1] = f, {f, tonumber(q)}
      else
        rest[#rest + 1] = whole
      end
    end
    load(fields)
    for i, part in ipairs(lines) do
      part[1] = levels[part[1]]
      t[i] = text(part[1].n) .. ' ' .. text(part[2]) .. ' 31 0;'
    end
    before(lines, 3, 1)
    h.parts = concat(rest)
    return concat(t)
  end

  -- take finds the rest of the hold without the Change's lines, and refuses
  -- what it does not have.
  local function take(h)
    local wanted, t, short = {}, {}, {}
    for i = 1, x.n do wanted[ls[i]] = (wanted[ls[i]] or 0) + qs[i] end
    local function lacks(l, w, left)
      local n = #short
      short[n + 1], short[n + 2], short[n + 3], short[n + 4] = l.n, 2, w, left
    end
    for _, held in ipairs(h.held) do
      local l, left = held[1], held[2]
      local w = wanted[l] or 0
      wanted[l] = nil
      if w > left then
        lacks(l, w, left)
      elseif w < left then
        t[#t + 1] = text(left - w) .. ' ' .. l.f .. '\n'
      end
    end
    for l, w in pairs(wanted) do lacks(l, w, 0) end
    if #short > 0 then
      x.list = short
      return 'S'
    end
    x.rest = concat(t)
    return nil
  end

  -- part is the table of reservations for what takes a part of the hold.
  local function part(kind, h)
    local status = h.status
    if status == 'c' then return kind == 'P' and h.settled and 'D' or 'C' end
    if status ~= 'h' and kind == 'Q' then return 'D' end
    if status == 'r' then return 'R' end
    local refused = take(h)
    if refused or kind == 'Q' then return refused end
    if status == 'x' or now >= h.deadline * 1000 then x.late = 1 end
    if status == 'x' then -- the units are back, and taken again
      for i = 1, x.n do fs[i] = 1 end
      x.flow = -13
    end
    return nil
  end

  -- resize makes the Change's lines those of the hold, and the difference its
  -- movements.
  local function resize(h)
    if h.status ~= 'h' or now >= h.deadline * 1000 then return ENDED[h.status] or 'E' end
    local more, named = {}, {}
    local function want(l, q)
      if not more[l] then
        more[l] = 0
        named[#named + 1] = l
      end
      more[l] = more[l] + q
    end
    for i = 1, x.n do want(ls[i], qs[i]) end
    for _, held in ipairs(h.held) do want(held[1], -held[2]) end
    local n = 0
    for _, l in ipairs(named) do
      local q = more[l]
      if q ~= 0 then
        n = n + 1
        ls[n], qs[n], fs[n], ts[n], shown[n] = l, q, 1, 2, 0
        if q < 0 then qs[n], fs[n], ts[n] = -q, 2, 1 end
      end
    end
    x.n, x.rest = n, x.held
    return nil
  end

  local function reserve(k, id)
    x.fp, x.ttl, x.held = arg(), tonumber(arg()), arg()
    local h, bad = H.read(k, id)
    if bad then return 'X' end
    x.hold = h
    if not h then
      x.h = {k = k, id = id}
      return nil
    end
    if not H.lines(h) then return 'X' end
    return h.fp == x.fp and 'D' or 'I'
  end

  -- park makes a hold whose expiry was refused due again in an hour only: due
  -- names a few, and those that can't expire must not keep out the others.
  function H.park(code)
    if code == 'D' and x.h or not call('ZSCORE', KEYS[3], x.id) then return end
    begin()
    call('ZADD', KEYS[3], text(floor(now / 1000) + 3600000), x.id)
    x.due = nil
  end

  -- identify reads what the Change says of its hold, and looks at the record.
  function H.identify(kind)
    local whole = not PART[kind] -- those have an ID beside the hold
    local seen = not whole and x.ownid()
    local id, k = arg(), key()
    x.id = id
    if kind == 'R' then return reserve(k, id) end
    if kind == 'X' then
      x.ttl = tonumber(arg())
    elseif kind == 'C' or kind == 'P' or kind == 'Q' then
      x.order = arg()
    elseif kind == 'Z' then
      x.held = arg()
    end
    local h, bad = H.read(k, id)
    x.h, x.hold = h, h
    if bad or h and not H.lines(h) then return 'X' end
    if seen then return seen end
    if not h then return kind == 'E' and 'D' or 'N' end
    if kind == 'Z' then return resize(h) end
    if not whole then return part(kind, h) end
    local over = now >= h.deadline * 1000
    if kind == 'E' then
      if h.status ~= 'h' or not over then return 'D' end
      return H.flows(h, 2, 1)
    elseif kind == 'X' then
      if h.status == 'h' and not over then return nil end
      return ENDED[h.status] or 'E'
    elseif kind == 'U' then
      if h.status == 'h' then return H.flows(h, 2, 1) end
      if h.status == 'c' then return 'C' end
      return 'D'
    end
    if h.status == 'h' then
      x.late = over and 1 or 0
      return H.flows(h, 2, 3)
    elseif h.status == 'x' then
      x.late = 1
      return H.flows(h, 1, 3)
    elseif h.status == 'c' and (h.settled or h.order == x.order) then
      return 'D'
    end
    return ENDED[h.status]
  end

  -- finish writes the record that the Change leaves.
  function H.finish(kind)
    local h = x.h
    if PART[kind] then
      x.keepid()
      h.lines = x.rest
      if kind == 'P' then
        for i = 1, x.n do h.parts = h.parts .. '\t' .. x.order .. '\t' .. text(qs[i]) .. ' ' .. ls[i].f .. '\n' end
      end
      if x.rest == '' then
        h.status, h.ended = 'r', text(now)
        if kind == 'P' then h.status, h.order = 'c', x.order end
      end
    elseif kind == 'R' then
      h.status, h.deadline, h.ended, h.settled, h.fp, h.order, h.lines, h.parts = 'h', floor((now + x.ttl) / 1000), '0', false, x.fp, '', x.held, ''
      x.hold = h
    elseif kind == 'X' then
      local till = floor((now + x.ttl) / 1000)
      if till <= h.deadline then return end
      h.deadline = till
    elseif kind == 'C' then
      h.status, h.order, h.ended = 'c', x.order, text(now)
    else
      h.status, h.ended = kind == 'U' and 'r' or 'x', text(now)
    end
    H.put(h)
  end

  return H
end
