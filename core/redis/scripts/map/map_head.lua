-- Begin a controller's term, or say anew what is wanted of the map.
--
-- Key: any tag.
-- Args: run, term, controller, wishes
-- Answers: FENCED | OK version
-- include map
if is_over(ARGV[2]) then
  return {'FENCED'}
end
redis.call('HSET', 'map', 'controller', ARGV[3], 'wishes', ARGV[4])
return {'OK', tell_change()}
