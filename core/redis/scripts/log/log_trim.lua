-- Forget old entries of a shard's log, and which rights have changed long ago.
--
-- Key: the tag of the shard.
-- Args: run, epoch of the keeper, generation, n of the last entry to forget, value of tail:rel that every process has
--   applied long ago
-- Answers: CLOSED | FENCED | OK number of entries
-- include fence
local tag, gen, rel = KEYS[1], ARGV[3], tonumber(ARGV[5])
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen', 'floor')
if meta[1] ~= ARGV[1] or meta[2] ~= gen then
  return {'CLOSED'}
end
if is_fenced(tag, ARGV[2]) then
  return {'FENCED'}
end
if rel > tonumber(meta[3]) then
  local changed = redis.call('HGETALL', 'perm' .. tag)
  for i = 1, #changed, 2 do
    if tonumber(changed[i + 1]) <= rel then
      redis.call('HDEL', 'perm' .. tag, changed[i])
    end
  end
  redis.call('HSET', 'meta' .. tag, 'floor', rel)
end
return {'OK', redis.call('XTRIM', 'log' .. tag, 'MINID', gen .. '-' .. (tonumber(ARGV[4]) + 1))}
