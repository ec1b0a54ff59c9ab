-- Leave an opening to the sweeper: its process lives, but cannot tell how the opening ends.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes)
-- Answers: 1, or 0 when the id is not open
local record = redis.call('HGET', 'open' .. KEYS[1], ARGV[2])
if not record then
  return 0
end
record = cmsgpack.unpack(record)
record[1] = ''
redis.call('HSET', 'open' .. KEYS[1], ARGV[2], cmsgpack.pack(record))
redis.call('SADD', 'apis', '')
return 1
