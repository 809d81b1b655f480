-- bookmark.lua stores a cursor.
--
-- KEYS after those of common.lua: bookmarks.
-- ARGV after those of common.lua: name, value.
-- Returns the five of common.lua.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local k = key()
  if fresh and call('EXISTS', k) == 1 then corrupt('meta is gone, bookmarks are there') end
  begin()
  call('HSET', k, arg(), arg())
  return ok()
end
