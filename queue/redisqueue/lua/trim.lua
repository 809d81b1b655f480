-- trim.lua deletes what every group has acknowledged: what was kept for a group
-- that someone has destroyed since. It never deletes what one has not.
--
-- KEYS 1 stream, 2 kept.
-- Returns how many.
local function main()
  local all = groups(KEYS[1])
  if #all == 0 then return 0 end
  local keep
  for _, g in ipairs(all) do
    local first = nextid(g.last)
    local p = call('XPENDING', KEYS[1], g.name, '-', '+', 1)[1]
    if p then first = p[1] end
    if not keep or after(keep, first) then keep = first end
  end
  local n = call('XTRIM', KEYS[1], 'MINID', '=', keep)
  for _, g in ipairs(all) do
    if n > 0 then call('HINCRBY', KEYS[2], g.name, -n) end
  end
  return n
end
