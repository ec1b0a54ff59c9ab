-- Count a request, and tell how new the cluster is.
--
-- Key: any tag.
-- Args: run, key of the limit, limit (0 for none), window in ms
-- Answer: is_allowed, remaining, milliseconds to the window's end, tail:all, tail:rel
-- include limit
local allowed, remaining, left = 1, 0, 0
if ARGV[3] ~= '0' then
  allowed, remaining, left = take('limit:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
end
local counters = redis.call('MGET', 'tail:all', 'tail:rel')
return {allowed, remaining, left, tonumber(counters[1] or '0'), tonumber(counters[2] or '0')}
