-- Say that an API process lives.
--
-- Key: any tag.
-- Args: run, incarnation, time in ms for which this holds
-- Answer: OK
redis.call('SET', 'api:' .. ARGV[2], '', 'PX', ARGV[3])
return 'OK'
