-- Tell whether it is the turn of a change of reactions: whether no earlier one is open that may meet it, a change of all
-- reactions to its message or one by the same user. Then rows change in the order in which the events are told.
--
-- Key: the tag of the door's shard.
-- Args: run, id (8 bytes), channel
-- Answers: OK | WAIT | GONE (it is not open)
--
-- What is under way is `core.door.pending.Pending`. Lua rounds its ids, so two may be taken for one, which only waits.
local open, id = 'open' .. KEYS[1], ARGV[2]
local function read(known)
  local record = redis.call('HGET', open, known)
  return record and cmsgpack.unpack(cmsgpack.unpack(record)[3])
end
local FIRST_KIND, ALL = 4, 6
local mine = read(id)
if not mine then
  return {'GONE'}
end
for _, known in ipairs(redis.call('LRANGE', 'door' .. KEYS[1] .. ARGV[3], 0, -1)) do
  if known == id then
    return {'OK'}
  end
  local other = read(known)
  if other and other[1] >= FIRST_KIND and other[3][1] == mine[3][1] and
      (other[1] == ALL or mine[1] == ALL or other[6] == mine[6]) then
    return {'WAIT'}
  end
end
return {'GONE'}
