-- Tell where all logs end.
--
-- Key: any tag.
-- Args: run, number of shards
-- Answer: tail:all, tail:rel, tail:life, then for each shard: is_open (opened for this run), generation, n, revision, life, the life
--   before it, and n when that life began. All zeros for a shard that has no log.
local answer = {}
for _, name in ipairs({'tail:all', 'tail:rel', 'tail:life'}) do
  answer[#answer + 1] = tonumber(redis.call('GET', name) or '0')
end
for shard = 0, tonumber(ARGV[2]) - 1 do
  local meta = redis.call('HMGET', 'meta{' .. shard .. '}', 'run', 'gen', 'n', 'rev', 'life', 'before', 'start')
  answer[#answer + 1] = meta[1] == ARGV[1] and 1 or 0
  for i = 2, 7 do
    answer[#answer + 1] = tonumber(meta[i] or '0')
  end
end
return answer
