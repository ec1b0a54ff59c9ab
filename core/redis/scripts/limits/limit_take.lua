-- Count one take of a limit.
--
-- Key: any tag.
-- Args: run, key, limit, window in ms
-- Answer: is_allowed, remaining, milliseconds to the window's end
-- include limit
return {take('limit:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))}
