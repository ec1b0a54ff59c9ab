-- List the workers that have their lease, and forget the names of the others.
--
-- Key: any tag.
-- Args: run
-- Answer: for each worker, by name: name, incarnation, ms until its lease ends, what it says of itself
local names = redis.call('SMEMBERS', 'workers')
table.sort(names)
local answer = {}
for _, name in ipairs(names) do
  local held = redis.call('GET', 'worker:' .. name)
  if held then
    local incarnation, said = string.match(held, '^(%S+) (.*)$')
    for _, part in ipairs({name, incarnation, redis.call('PTTL', 'worker:' .. name), said}) do
      answer[#answer + 1] = part
    end
  else
    redis.call('SREM', 'workers', name)
  end
end
return answer
