-- join.lua sees that groups exist. The first ones of a topic get all that it
-- keeps, later ones what is published from now on.
--
-- KEYS 1 stream, 2 kept, then the lease of each group.
-- ARGV 1 mode, 2 '1' if the groups have existed and are lost: they get what is
--      there; then the groups.
-- Returns '' or the name of a group that has another mode.
local function main()
  local there, first = {}, true
  for _, g in ipairs(groups(KEYS[1])) do
    there[g.name], first = true, false
  end
  for i = 3, #ARGV do
    local mode = call('HGET', KEYS[i], 'mode')
    if there[ARGV[i]] and mode and mode ~= ARGV[1] then return ARGV[i] end
  end
  for i = 3, #ARGV do
    call('HSET', KEYS[i], 'mode', ARGV[1])
    if not there[ARGV[i]] then
      there[ARGV[i]] = true
      if first or ARGV[2] == '1' then
        call('XGROUP', 'CREATE', KEYS[1], ARGV[i], '0', 'MKSTREAM')
        call('HSET', KEYS[2], ARGV[i], 0)
      else
        call('XGROUP', 'CREATE', KEYS[1], ARGV[i], '$')
        call('HSET', KEYS[2], ARGV[i], call('XLEN', KEYS[1]))
      end
    end
  end
  return ''
end
