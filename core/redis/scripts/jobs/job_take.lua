-- Take or renew the lease of a job, which one process at a time does.
--
-- Key: any tag.
-- Args: run, name of the job, holder, time in ms for which the lease is given, now in ms
-- Answers: OK epoch | HELD left (ms until the other one's lease ends)
--
-- An epoch is larger than all before it, also when the server has forgotten those: it is at least the clock.
local holder = redis.call('GET', 'job:' .. ARGV[2])
if holder and holder ~= ARGV[3] then
  return {'HELD', redis.call('PTTL', 'job:' .. ARGV[2])}
end
local epoch = tonumber(redis.call('GET', 'epoch:' .. ARGV[2]) or '0')
if not holder then
  epoch = math.max(epoch + 1, tonumber(ARGV[5]))
  redis.call('SET', 'epoch:' .. ARGV[2], epoch)
end
redis.call('SET', 'job:' .. ARGV[2], ARGV[3], 'PX', ARGV[4])
return {'OK', epoch}
