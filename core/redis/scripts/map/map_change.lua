-- Change places in the map: give shards to workers, begin and end moves.
--
-- Key: any tag.
-- Args: run, term, then for each shard: shard, its epoch as the controller knows it (0 without an owner), its next epoch,
--   owner, the worker that it shall move to or ""
-- Answers: FENCED | OK version, and the shards that were left as they are, because they had another epoch, or because the
--   next one does not rise although the owner changes
-- include map
if is_over(ARGV[2]) then
  return {'FENCED'}
end
local left, changed = {}, false
for i = 3, #ARGV, 5 do
  local shard, next_epoch = ARGV[i], ARGV[i + 2]
  local epoch, owner = find_place(shard)
  local rises = tonumber(next_epoch) > tonumber(epoch) or (next_epoch == epoch and owner == ARGV[i + 3])
  if epoch == ARGV[i + 1] and rises then
    redis.call('HSET', 'places', shard, next_epoch .. ' ' .. ARGV[i + 3] .. ' ' .. ARGV[i + 4])
    changed = true
  else
    left[#left + 1] = tonumber(shard)
  end
end
local version = changed and tell_change() or tonumber(redis.call('HGET', 'map', 'version') or '0')
return {'OK', version, left}
