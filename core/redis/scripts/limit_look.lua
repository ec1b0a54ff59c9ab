-- Tell a limit's standing, without counting.
--
-- Key: any tag.
-- Args: run, key, limit, window in ms
-- Answer: is_allowed, remaining, milliseconds to the window's end (the whole window when none has begun)
local taken = tonumber(redis.call('GET', 'limit:' .. ARGV[2]) or '0')
local left = redis.call('PTTL', 'limit:' .. ARGV[2])
if left < 0 then
  return {1, tonumber(ARGV[3]), tonumber(ARGV[4])}
end
if taken >= tonumber(ARGV[3]) then
  return {0, 0, left}
end
return {1, tonumber(ARGV[3]) - taken, left}
