-- End a worker's lease, since it stops in order.
--
-- Key: any tag.
-- Args: run, name, incarnation
-- Answer: 1, or 0 when another incarnation holds it or nobody
local held = redis.call('GET', 'worker:' .. ARGV[2])
if held and string.match(held, '^(%S+) ') == ARGV[3] then
  return redis.call('DEL', 'worker:' .. ARGV[2])
end
return 0
