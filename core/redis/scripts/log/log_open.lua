-- Open a shard's log for this run of the server, after its keeper has compared it with what it knows.
--
-- Key: the tag of the shard.
-- Args: run, epoch of the keeper, generation and n as the keeper has found or repaired them (0 0 for no log), generation
--   to go on in (a larger one begins anew, without entries), revision up to which relational events count as relayed (if
--   the log knows less), now in ms
-- Answers: FENCED | CHANGED (somebody else was here; look again) | OK life
--
-- The counters jump to the clock in microseconds, above all that were ever given out, so nobody who has applied entries
-- that are lost takes himself for up to date. All rights that were checked before count as changed.
-- include fence
local tag, run, gen, n, next_gen = KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local revision, now_ms = tonumber(ARGV[6]), tonumber(ARGV[7])
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen', 'n', 'rev', 'life')
if meta[1] == run or (meta[2] or '0') ~= gen or (meta[3] or '0') ~= n then
  return {'CHANGED'}
end
if is_fenced(tag, ARGV[2]) then
  return {'FENCED'}
end
if next_gen ~= gen then
  redis.call('DEL', 'log' .. tag)
  n = '0'
end
local all = math.max(tonumber(redis.call('GET', 'tail:all') or '0'), now_ms * 1000)
local rel = math.max(tonumber(redis.call('GET', 'tail:rel') or '0'), now_ms * 1000)
local before = tonumber(meta[5] or '0')
local life = math.max(before + 1, now_ms)
redis.call('SET', 'tail:all', all)
redis.call('SET', 'tail:rel', rel)
redis.call('SET', 'tail:life', math.max(tonumber(redis.call('GET', 'tail:life') or '0') + 1, life))
redis.call('DEL', 'perm' .. tag)
redis.call('HSET', 'meta' .. tag, 'run', run, 'gen', next_gen, 'n', n, 'start', n, 'life', life, 'before', before,
  'floor', rel, 'rev', math.max(revision, tonumber(meta[4] or '0')))
-- Readers hear of the new life before its first entry: a header without a place and without an envelope.
redis.call('PUBLISH', 's' .. tag, struct.pack('>I4I8I8I8I8', tonumber(next_gen), 0, 0, all, rel))
return {'OK', life}
