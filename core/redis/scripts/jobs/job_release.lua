-- End the lease of a job.
--
-- Key: any tag.
-- Args: run, name of the job, holder
-- Answer: 1, or 0 when another one holds it or nobody
if redis.call('GET', 'job:' .. ARGV[2]) == ARGV[3] then
  return redis.call('DEL', 'job:' .. ARGV[2])
end
return 0
