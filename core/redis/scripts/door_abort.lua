-- End an opening without an event, and let its nonce be used again. What was counted stays counted.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes), channel
-- Answers: CLOSED | GONE generation n (as door_close) | HELD (it was closed, and waits for its turn) | OK
-- include append
-- include pass
local tag, id = KEYS[1], ARGV[2]
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'gen', 'n')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local record = redis.call('HGET', 'open' .. tag, id)
if not record then
  if redis.call('HEXISTS', 'held' .. tag, id) == 1 then
    return {'HELD'}
  end
  return {'GONE', tonumber(meta[2]), tonumber(meta[3])}
end
record = cmsgpack.unpack(record)
if record[4] ~= '' and redis.call('GET', record[4]) == id then
  redis.call('DEL', record[4])
end
local door = 'door' .. tag .. ARGV[3]
redis.call('HDEL', 'open' .. tag, id)
redis.call('LREM', door, 1, id)
pass_held(ARGV[1], tag, door)
return {'OK'}
