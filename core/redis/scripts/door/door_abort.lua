-- End an opening without an event, and let its nonce be used again. What was counted stays counted.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes; or, when the answer of door_open was lost, the low bits of the ticket, which are shorter),
--   channel, incarnation of the opening's process ('' for a sweeper)
-- Answers: CLOSED | GONE all (as door_close) | HELD (it was closed, and waits for its turn) | TAKEN (as door_close) | OK
-- include append
-- include pass
local tag, id = KEYS[1], ARGV[2]
local meta = redis.call('HMGET', 'meta' .. tag, 'run')
if meta[1] ~= ARGV[1] then
  return {'CLOSED'}
end
local door = 'door' .. tag .. ARGV[3]
if #id < 8 then
  for _, known in ipairs(redis.call('LRANGE', door, 0, -1)) do
    local _, rest = struct.unpack('>I4I4', known)
    local record = redis.call('HGET', 'open' .. tag, known)
    record = record and rest % 4194304 == tonumber(ARGV[2]) and cmsgpack.unpack(record)
    -- It may have been left to the sweeper meanwhile (door_disown), which nobody needs to wait for.
    if record and (record[1] == ARGV[4] or record[5] == ARGV[4]) then
      id = known
    end
  end
end
local record = redis.call('HGET', 'open' .. tag, id)
if not record then
  if redis.call('HEXISTS', 'held' .. tag, id) == 1 then
    return {'HELD'}
  end
  return {'GONE', tonumber(redis.call('GET', 'tail:all'))}
end
record = cmsgpack.unpack(record)
if is_taken(record, ARGV[4]) then
  return {'TAKEN'}
end
if record[4] ~= '' and redis.call('GET', record[4]) == id then
  redis.call('DEL', record[4])
end
redis.call('HDEL', 'open' .. tag, id)
redis.call('LREM', door, 1, id)
pass_held(ARGV[1], tag, door)
return {'OK'}
