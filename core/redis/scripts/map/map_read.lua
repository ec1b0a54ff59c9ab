-- Read the map of shards.
--
-- Key: any tag.
-- Args: run, version that the caller has
-- Answer: version, and if the caller has another one: term, controller, wishes, then for each shard that has an owner: shard,
--   its place (epoch, owner, and the worker that it moves to or nothing, with spaces between). Version 0 is a map without
--   anything.
local version = redis.call('HGET', 'map', 'version') or '0'
if version == ARGV[2] then
  return {tonumber(version)}
end
local head = redis.call('HMGET', 'map', 'term', 'controller', 'wishes')
local answer = {tonumber(version), tonumber(head[1] or '0'), head[2] or '', head[3] or ''}
local places = redis.call('HGETALL', 'places')
for _, part in ipairs(places) do
  answer[#answer + 1] = part
end
return answer
