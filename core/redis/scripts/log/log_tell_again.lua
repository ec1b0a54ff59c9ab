-- Append events of doors that a log may have lost, without those that it has: whoever restarted, repaired or swept it may
-- have brought some of them back.
--
-- Key: the tag of the shard.
-- Args: run, generation and n after which an event of these may be in the log, envelopes …
-- Answers: CLOSED | OK generation n … (of each event, wherever it is)
--
-- An envelope begins with its id: two bytes of msgpack's lists, and nine of the number.
-- include append
local tag = KEYS[1]
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local after = meta[2] == ARGV[2] and tonumber(ARGV[3]) or 0
local known = {}
for _, entry in ipairs(redis.call('XRANGE', 'log' .. tag, meta[2] .. '-' .. (after + 1), '+')) do
  known[string.sub(entry[2][2], 1, 11)] = tonumber(string.match(entry[1], '%-(%d+)$'))
end
local answer = {'OK', tonumber(meta[2])}
for i = 4, #ARGV do
  local n = known[string.sub(ARGV[i], 1, 11)] or append(tag, meta[2], 0, ARGV[i])
  answer[#answer + 1] = n
end
return answer
