-- Tell a limit's standing, without counting.
--
-- Key: any tag.
-- Args: run, key, limit, window in ms
-- Answer: is_allowed, remaining, milliseconds to the window's end (the whole window when none has begun)
-- include limit
return {look('limit:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))}
