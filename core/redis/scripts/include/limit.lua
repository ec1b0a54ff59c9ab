-- Count one take of a key. Its window begins with the first take, and its count ends with it. Over the limit nothing is
-- counted. Returns whether it is allowed (1, 0), what remains, and the milliseconds to the window's end.
local function take(key, limit, window_ms)
  local taken = redis.call('INCR', key)
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = window_ms
    redis.call('PEXPIRE', key, window_ms)
  end
  if taken > limit then
    redis.call('DECR', key)
    return 0, 0, left
  end
  return 1, limit - taken, left
end

-- Tell what a take would find, without counting: the same three, with the whole window when none has begun.
local function look(key, limit, window_ms)
  local taken = tonumber(redis.call('GET', key) or '0')
  local left = redis.call('PTTL', key)
  if left < 0 then
    return 1, limit, window_ms
  end
  if taken >= limit then
    return 0, 0, left
  end
  return 1, limit - taken, left
end
