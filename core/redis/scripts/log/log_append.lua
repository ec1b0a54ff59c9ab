-- Append events that have no revision and no door.
--
-- Key: the tag of the shard.
-- Args: run, envelopes …
-- Answers: CLOSED | OK generation n (of the last one)
-- include append
local meta = redis.call('HMGET', 'meta' .. KEYS[1], 'run', 'gen', 'n')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local n = tonumber(meta[3])
for i = 2, #ARGV do
  n = append(KEYS[1], meta[2], 0, ARGV[i])
end
return {'OK', tonumber(meta[2]), n}
