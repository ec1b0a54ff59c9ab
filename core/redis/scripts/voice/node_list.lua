-- List what the media nodes say that have their lease, and forget the names of the others.
--
-- Key: any tag.
-- Args: run
-- Answer: what each node says of itself, by name
local names = redis.call('SMEMBERS', 'voices')
table.sort(names)
local answer = {}
for _, name in ipairs(names) do
  local held = redis.call('GET', 'voice:' .. name)
  if held then
    answer[#answer + 1] = string.match(held, '^%S+ (.*)$')
  else
    redis.call('SREM', 'voices', name)
  end
end
return answer
