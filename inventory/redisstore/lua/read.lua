-- read.lua reads several things as of one moment.
--
-- KEYS 1 meta, then what the commands name.
-- ARGV 1 to 4 as in common.lua; then per command: its name, the position of
--      its key, how many arguments, the arguments.
-- Returns after the five of common.lua: one reply per command.
local function main()
  local refusal = open()
  if refusal then return refusal end
  local reply, at = ok(), 5
  while at <= #ARGV do
    local n = tonumber(ARGV[at + 2])
    local v = call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, at + 2 + n))
    reply[#reply + 1] = v
    at = at + 3 + n
  end
  return reply
end
