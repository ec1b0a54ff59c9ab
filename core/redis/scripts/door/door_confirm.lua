-- Tell whether rights have changed since they were checked.
--
-- Key: the tag of the door's shard.
-- Args: run, guild ('0' for none), mark (rights were checked as of this value of tail:rel), who has them, the rights in
--   private channels that are needed beside (as door_open has them)
-- Answers: CLOSED | STALE rel | OK
-- include rights
local meta = redis.call('HMGET', 'meta' .. KEYS[1], 'run', 'floor')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local changed = find_change(ARGV[1], KEYS[1], meta[2], ARGV[2], ARGV[4], ARGV[5])
if not changed then
  return {'CLOSED'}
end
if changed > tonumber(ARGV[3]) then
  return {'STALE', changed}
end
return {'OK'}
