-- browse.lua reads a page of a stream, and takes nothing.
--
-- KEYS 1 stream. ARGV 1 first ID, 2 last ID, 3 how many, 4 how many bytes about.
-- Returns entries.
local function main()
  local out, bytes, from = {}, 0, ARGV[1]
  while #out < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
    local got = call('XRANGE', KEYS[1], from, ARGV[2], 'COUNT', 10)
    for _, e in ipairs(got) do
      out[#out + 1] = e
      bytes = bytes + length(e[2])
      from = nextid(e[1])
    end
    if #got < 10 then break end
  end
  return out
end
