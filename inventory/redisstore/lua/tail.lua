-- tail.lua stands behind every script: no error leaves it unexplained.
local done, answer = pcall(main)
if done then return answer end
if type(answer) == 'table' then answer = answer.err or answer[1] or 'unknown' end
answer = tostring(answer)
if wrote then return redis.error_reply('HALFWAY ' .. answer) end
local what = match(answer, '@CORRUPT (.*)')
if what then return {'CORRUPT', what} end
return redis.error_reply(answer)
