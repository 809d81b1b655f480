-- claim.lua takes over what is pending: of the whole group by its owner; among
-- competing ones its own, or what those have whose time is over. It counts no
-- delivery.
--
-- KEYS 1 stream, 2 lease, 3 due.
-- ARGV 1 group, 2 subscription, 3 lease in ms, 4 'group', 'own' or 'dead',
--      5 consumer, 6 first ID, 7 how many, 8 how many bytes about.
-- Returns 'same', 'new' or 'other', where to go on or '', entries as {id,
--      deliveries, ms until they are due, fields}.
local function main()
  local state = hold(KEYS[2], ARGV[2], tonumber(ARGV[3]), ARGV[4] ~= 'group')
  if state ~= 'same' then return { state or 'other', '', {} } end
  local out, bytes, most, onward, t = {}, 0, tonumber(ARGV[7]), '', now()
  local function take(pending)
    for _, p in ipairs(pending) do
      if bytes >= tonumber(ARGV[8]) then
        onward = p[1]
        return
      end
      -- Not by XAUTOCLAIM: it goes by how long an entry has been out, and takes
      -- it from those who still work on it.
      local e = call('XCLAIM', KEYS[1], ARGV[1], ARGV[5], 0, p[1], 'RETRYCOUNT', p[4])[1]
      if e then
        local due = tonumber(call('HGET', KEYS[3], e[1]) or 0)
        out[#out + 1] = { e[1], p[4], math.max(due - t, 0), e[2] }
        bytes = bytes + length(e[2])
      else -- it was deleted
        call('XACK', KEYS[1], ARGV[1], p[1])
        call('HDEL', KEYS[3], p[1])
      end
    end
    if #pending == most then onward = nextid(pending[most][1]) end
  end
  if ARGV[4] == 'group' then
    take(call('XPENDING', KEYS[1], ARGV[1], ARGV[6], '+', most))
  elseif ARGV[4] == 'own' then
    take(call('XPENDING', KEYS[1], ARGV[1], ARGV[6], '+', most, ARGV[5]))
  else
    for _, flat in ipairs(call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
      local name = ''
      for i = 1, #flat, 2 do
        if flat[i] == 'name' then name = flat[i + 1] end
      end
      if onward == '' and tonumber(call('HGET', KEYS[2], 'until:' .. name) or 0) < t then
        take(call('XPENDING', KEYS[1], ARGV[1], '-', '+', most, name))
        -- What is pending of a consumer that is deleted is lost.
        if #call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, name) == 0 then
          call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
          call('HDEL', KEYS[2], 'until:' .. name)
        end
      end
    end
  end
  return { state, onward, out }
end
