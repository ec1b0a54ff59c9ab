-- Append relational events in the order of their revisions, each once, whoever brings them and however often.
--
-- Key: the tag of the shard.
-- Args: run, revision of the first event, then for each: whose rights it changes (guild, guild:user, 0:user
--   in private channels, '' for nobody's), envelope
-- Answers: CLOSED | GAP revision (the last one in the log; bring those after it) | OK generation n (of the shard now, so
--   all of these events are at or before it)
-- include append
local tag, first = KEYS[1], tonumber(ARGV[2])
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen', 'rev', 'n')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local gen, known, n = meta[2], tonumber(meta[3]), tonumber(meta[4])
if first > known + 1 then
  return {'GAP', known}
end
local revision = first
for i = 3, #ARGV, 2 do
  if revision > known then
    local rel
    n, rel = append(tag, gen, revision, ARGV[i + 1])
    if ARGV[i] ~= '' then
      redis.call('HSET', 'perm' .. tag, ARGV[i], rel)
    end
  end
  revision = revision + 1
end
if revision - 1 > known then
  redis.call('HSET', 'meta' .. tag, 'rev', revision - 1)
end
return {'OK', tonumber(gen), n}
