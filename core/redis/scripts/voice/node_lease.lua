-- Take or renew the lease of a media node's name.
--
-- Key: any tag.
-- Args: run, name, life (the process that holds the lease), time in ms for which it is given, 1 when others shall look at
--   once (else 0), what the node says of itself
-- Answers: OK | HELD left (ms until the lease of another process with this name ends)
local key = 'voice:' .. ARGV[2]
local held = redis.call('GET', key)
if held and string.match(held, '^(%S+) ') ~= ARGV[3] then
  return {'HELD', redis.call('PTTL', key)}
end
redis.call('SET', key, ARGV[3] .. ' ' .. ARGV[6], 'PX', ARGV[4])
redis.call('SADD', 'voices', ARGV[2])
if not held or ARGV[5] == '1' then
  redis.call('PUBLISH', 'voice', ARGV[2])
end
return {'OK'}
