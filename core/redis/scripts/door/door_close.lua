-- End an opening by appending its events. Whoever was let in later than one that is still open is held until that one
-- ends, so a channel's events are in the order of their ids.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes), channel, incarnation of the opening's process ('' for a sweeper), then for each event: tag of
--   its shard, life of that log as the caller knows it ('' for any), envelope
-- Answers: CLOSED | GONE all (the counter tail:all: if the id has passed, it did so by then) | HELD
--   | TAKEN (a sweeper ends it) | OK generation n … (of each event)
-- include append
-- include pass
local tag, run, id = KEYS[1], ARGV[1], ARGV[2]
local entries = {unpack(ARGV, 5)}
local meta = redis.call('HMGET', 'meta' .. tag, 'run')
if meta[1] ~= run then
  return {'CLOSED'}
end
local generations = find_generations(run, entries)
if not generations then
  return {'CLOSED'}
end
local door = 'door' .. tag .. ARGV[3]
local record = redis.call('HGET', 'open' .. tag, id)
if not record then
  if redis.call('HEXISTS', 'held' .. tag, id) == 1 then
    return {'HELD'}
  end
  return {'GONE', tonumber(redis.call('GET', 'tail:all'))}
end
if is_taken(cmsgpack.unpack(record), ARGV[4]) then
  return {'TAKEN'}
end
redis.call('HDEL', 'open' .. tag, id)
if redis.call('LINDEX', door, 0) ~= id then
  redis.call('HSET', 'held' .. tag, id, cmsgpack.pack(entries))
  pass_held(run, tag, door)
  return {'HELD'}
end
local positions = append_all(entries, generations)
redis.call('LREM', door, 1, id)
pass_held(run, tag, door)
return {'OK', unpack(positions)}
