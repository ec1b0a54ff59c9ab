-- Take back one count of a limit.
--
-- Key: any tag.
-- Args: run, key
-- Answer: 1, or 0 when nothing was counted
if tonumber(redis.call('GET', 'limit:' .. ARGV[2]) or '0') > 0 then
  redis.call('DECR', 'limit:' .. ARGV[2])
  return 1
end
return 0
