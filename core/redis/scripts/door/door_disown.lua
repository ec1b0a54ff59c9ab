-- End openings of a process that it does not know any more: a log that lost its end has forgotten how they ended.
--
-- Key: the tag of the door's shard.
-- Args: run, incarnation of the process, number of ids that it has open, these ids (8 bytes), then the ids of openings
--   whose events are in the log
-- Answers: CLOSED | OK number of openings that are left to the sweeper
-- include append
-- include pass
local tag, incarnation, kept = KEYS[1], ARGV[2], tonumber(ARGV[3])
local meta = redis.call('HMGET', 'meta' .. tag, 'run')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local is_known, is_told = {}, {}
for i = 4, #ARGV do
  if i < 4 + kept then
    is_known[ARGV[i]] = true
  else
    is_told[ARGV[i]] = true
  end
end
local left = 0
local open = redis.call('HGETALL', 'open' .. tag)
for i = 1, #open, 2 do
  local id, record = open[i], cmsgpack.unpack(open[i + 1])
  if record[1] == incarnation and not is_known[id] then
    if is_told[id] then
      redis.call('HDEL', 'open' .. tag, id)
      redis.call('LREM', 'door' .. tag .. record[2], 1, id)
      pass_held(ARGV[1], tag, 'door' .. tag .. record[2])
    else
      left = left + 1
      record[1], record[5] = '', incarnation
      redis.call('HSET', 'open' .. tag, id, cmsgpack.pack(record))
      redis.call('SADD', 'apis', '')
    end
  end
end
return {'OK', left}
