-- orders.lua is what apply.lua does for documents of orders; see holds.lua.
--
-- A document is "version fingerprint written(us) marks and doubts".
local function orders(x, H)
  local O = {}
  local doc

  function O.identify()
    doc = {k = key(), name = arg(), version = arg(), after = arg(), fp = arg(), doubts = arg(), class = arg(), body = arg()}
    local id = arg()
    local hk = id ~= '' and key()
    x.given = hk and ''
    local have, wrong = ask('HGET', doc.k, doc.name)
    local version, fp = '0', ''
    if have or wrong then
      version, fp = match(have or '', '^(%d+) (%x+) %d+ ')
      if not version then
        x.what = 'document ' .. doc.name
        return 'X'
      end
    end
    if version ~= doc.version then
      if version == doc.after and fp == doc.fp then return 'D' end
      return 'V'
    end
    if not hk then return nil end
    local h, bad = H.read(hk, id)
    if bad then return 'X' end
    if not h then return nil end
    x.given = H.handover(h, doc.name)
    local over = h.settled or h.status == 'r'
    if over and x.given == '' then return nil end
    x.hold = h
    if not H.lines(h) then return 'X' end
    if over then return nil end
    if h.status == 'h' then return H.flows(h, 2, 1) end
    if h.status == 'c' then return H.flows(h, 3, 1) end
    return nil -- of an expired hold the units are back already
  end

  function O.finish()
    local h = x.hold
    if h then
      if not h.settled and h.status ~= 'r' then
        h.status, h.order, h.settled, h.ended = 'c', doc.name, true, text(now)
      end
      H.put(h)
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

  return O
end
