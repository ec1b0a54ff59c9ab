-- Tell who holds the lease of a job.
--
-- Key: any tag.
-- Args: run, name of the job
-- Answer: the holder, or nothing
return redis.call('GET', 'job:' .. ARGV[2]) or ''
