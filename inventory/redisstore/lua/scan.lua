-- scan.lua looks through documents, some at a time, for those that were last
-- written long ago. It writes nothing.
--
-- KEYS after those of common.lua: the hashes of documents from the first on.
-- ARGV after those of common.lua: 1 hashes: n, 2 cursor in the first, 3 about
--      how many documents to look at, 4 age in us of whole ones, below 0 none,
--      5 of compact ones, 6 '1' for bases only
-- Returns after the five of common.lua: how many hashes are done, the cursor in
--      the next, documents: n, then per document: name, record, body.
local function main()
  local refusal = open()
  if refusal then return refusal end
  header()
  local hashes, cursor, most = tonumber(arg()), arg(), tonumber(arg())
  local whole, compact, bases = tonumber(arg()), tonumber(arg()), arg() == '1'
  local reply, done, looked, n = ok(), 0, 0, 0
  while done < hashes and looked < most do
    local k = KEYS[ka + 1 + done]
    local found = call('HSCAN', k, cursor, 'COUNT', 2 * most)
    for i = 1, #found[2], 2 do
      local name, record = found[2][i], found[2][i + 1]
      if byte(name, #name) ~= 0 then -- else it is a body
        looked = looked + 1
        local written, marks = match(record, '^%d+ %x+ (%d+) (c?b?)')
        if not written then corrupt('document ' .. name) end
        local idle = byte(marks) == 99 and compact or whole
        if idle >= 0 and now - tonumber(written) >= idle and (not bases or find(marks, 'b', 1, true)) then
          local body = call('HGET', k, name .. '\0')
          if not body then corrupt('document ' .. name) end
          reply[9 + 3 * n], reply[10 + 3 * n], reply[11 + 3 * n] = name, record, body
          n = n + 1
        end
      end
    end
    cursor = found[1]
    if cursor == '0' then done = done + 1 end
  end
  reply[6], reply[7], reply[8] = done, cursor, n
  return reply
end
