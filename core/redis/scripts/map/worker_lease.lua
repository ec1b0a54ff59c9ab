-- Take or renew a worker's lease of its name.
--
-- Key: any tag.
-- Args: run, name, incarnation, 1 when this incarnation has had the lease (else 0), time in ms for which it is given, what
--   the worker says of itself
-- Answers: OK | GONE (the lease has ended; the incarnation is over) | HELD left (ms until the lease of another process
--   with this name ends)
local key = 'worker:' .. ARGV[2]
local held = redis.call('GET', key)
if held and string.match(held, '^(%S+)%.%d+ ') ~= string.match(ARGV[3], '^(%S+)%.%d+$') then
  return {'HELD', redis.call('PTTL', key)}
end
if not held and ARGV[4] == '1' then
  return {'GONE'}
end
redis.call('SET', key, ARGV[3] .. ' ' .. ARGV[6], 'PX', ARGV[5])
redis.call('SADD', 'workers', ARGV[2])
return {'OK'}
