-- Tell how many entries all logs have had, to see at little cost whether anything was missed.
--
-- Key: any tag.
-- Args: run
-- Answer: tail:all, tail:rel, the newest life of any log (0 when there is none)
return {
  tonumber(redis.call('GET', 'tail:all') or '0'),
  tonumber(redis.call('GET', 'tail:rel') or '0'),
  tonumber(redis.call('GET', 'tail:life') or '0'),
}
