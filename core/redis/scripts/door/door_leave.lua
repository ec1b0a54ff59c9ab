-- Leave an opening to the sweeper, who alone ends it from now on: its process cannot tell how it ends, or the sweeper takes
-- it, before it changes what the process might find changed.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes)
-- Answers: OK | GONE (it is not open)
local record = redis.call('HGET', 'open' .. KEYS[1], ARGV[2])
if not record then
  return {'GONE'}
end
record = cmsgpack.unpack(record)
record[1] = ''
redis.call('HSET', 'open' .. KEYS[1], ARGV[2], cmsgpack.pack(record))
redis.call('SADD', 'apis', '')
return {'OK'}
