-- End the lease of a media node, since its process stops in order.
--
-- Key: any tag.
-- Args: run, name, life
-- Answer: 1, or 0 when another process holds it or nobody
local key = 'voice:' .. ARGV[2]
local held = redis.call('GET', key)
if held and string.match(held, '^(%S+) ') == ARGV[3] then
  redis.call('DEL', key)
  redis.call('PUBLISH', 'voice', ARGV[2])
  return 1
end
return 0
