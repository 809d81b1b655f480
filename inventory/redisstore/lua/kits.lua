-- kits.lua registers kits that have levels, and marks these. A second run of it
-- does no harm.
--
-- KEYS after those of common.lua: kits, components of kits, marks.
-- ARGV after those of common.lua:
--   1 settings (JSON) that say that kits are kept, empty if they do already
--   2 kits: n, then per kit: SKU, then components: n, then SKU, units
--     (no components: it is no longer kept)
-- Returns the five of common.lua.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local kits, parts, marks = key(), key(), key()
  typed(kits, 'hash')
  typed(parts, 'zset')
  typed(marks, 'zset')
  local set = arg()
  begin(true)
  local where = call('HGET', KEYS[1], 'locs') or ''
  local marked, list, stamp = {}, {}, text(now)
  for _ = 1, tonumber(arg()) do
    local kit, lines = arg(), {}
    local made = {kit}
    for _, sku in string.gmatch(call('HGET', kits, kit) or '', '(%d+) ([^\n]+)\n') do
      call('ZREM', parts, sku .. '\0' .. kit)
    end
    for i = 1, tonumber(arg()) do
      local sku, units = arg(), arg()
      lines[i] = units .. ' ' .. sku .. '\n'
      made[i + 1] = units .. ' ' .. sku
      call('ZADD', parts, '0', sku .. '\0' .. kit)
    end
    list[#list + 1] = concat(made, '\t')
    if #lines == 0 then
      call('HDEL', kits, kit)
    else
      call('HSET', kits, kit, concat(lines))
    end
    for location in string.gmatch(where, '[^\n]+') do
      marked[#marked + 1] = stamp
      marked[#marked + 1] = kit .. '\0' .. location
    end
  end
  chunked('ZADD', marks, marked)
  local fields = {}
  if set ~= '' then
    fields[1], fields[2] = 'set', set
    reshape(fields)
  end
  commit(fields)
  journal('kits', concat(list, '\n'))
  return ok()
end
