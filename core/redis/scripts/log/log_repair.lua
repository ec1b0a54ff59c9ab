-- Put lost entries back under their old positions, into a log that is not open.
--
-- Key: the tag of the shard.
-- Args: run, epoch of the keeper, generation, n before the first entry, replace (1: what the log holds goes, because it
--   does not reach that far; 0: the log ends with n), life that the keeper knows, then for each: revision, envelope
-- Answers: FENCED | CHANGED (the log is open, or ends elsewhere) | OK n
-- include fence
local tag, gen, n = KEYS[1], ARGV[3], tonumber(ARGV[4])
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen', 'n', 'life')
if meta[1] == ARGV[1] or (ARGV[5] == '0' and ((meta[2] or '0') ~= gen or tonumber(meta[3] or '0') ~= n)) then
  return {'CHANGED'}
end
if is_fenced(tag, ARGV[2]) then
  return {'FENCED'}
end
if ARGV[5] == '1' then
  redis.call('DEL', 'log' .. tag)
end
for i = 7, #ARGV, 2 do
  n = n + 1
  redis.call('XADD', 'log' .. tag, gen .. '-' .. n, 'e', ARGV[i + 1], 'r', ARGV[i])
end
redis.call('HSET', 'meta' .. tag, 'gen', gen, 'n', n, 'life', math.max(tonumber(meta[4] or '0'), tonumber(ARGV[6])))
return {'OK', n}
