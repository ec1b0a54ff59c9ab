-- Tell whether a younger keeper has written to the shard's log; if not, remember this one.
local function is_fenced(tag, epoch)
  if tonumber(redis.call('HGET', 'meta' .. tag, 'epoch') or '0') > tonumber(epoch) then
    return true
  end
  redis.call('HSET', 'meta' .. tag, 'epoch', epoch)
  return false
end
