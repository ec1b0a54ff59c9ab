-- End a move: the owner gives the shard to the worker that it moves to, under the next epoch.
--
-- Key: any tag.
-- Args: run, shard, epoch and incarnation of the owner
-- Answers: CHANGED (the shard is not the caller's, or does not move any more) | OK version epoch
-- include map
local epoch, owner, target = find_place(ARGV[2])
if epoch ~= ARGV[3] or owner ~= ARGV[4] or target == '' then
  return {'CHANGED'}
end
local next_epoch = string.format('%.0f', tonumber(epoch) + 1)
redis.call('HSET', 'places', ARGV[2], next_epoch .. ' ' .. target .. ' ')
return {'OK', tell_change(), tonumber(next_epoch)}
