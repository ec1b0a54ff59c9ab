-- Return the value of tail:rel at which the rights that somebody needs were changed last; nil when a log is closed.
--
-- `floor` is that of the door's shard: changes before it may be forgotten. `guild` is '0' when no rights in a guild are
-- needed. `needed` has the rights in private channels, the tag and the field in perm of each, packed ('' for none).
local function find_change(run, tag, floor, guild, author, needed)
  local changed = 0
  if guild ~= '0' then
    local perms = redis.call('HMGET', 'perm' .. tag, guild, guild .. ':' .. author)
    changed = math.max(tonumber(floor), tonumber(perms[1] or '0'), tonumber(perms[2] or '0'))
  end
  if needed ~= '' then
    local parts = cmsgpack.unpack(needed)
    for i = 1, #parts, 2 do
      local known = redis.call('HMGET', 'meta' .. parts[i], 'run', 'floor')
      if known[1] ~= run then
        return nil
      end
      local perm = redis.call('HGET', 'perm' .. parts[i], parts[i + 1])
      changed = math.max(changed, tonumber(known[2]), tonumber(perm or '0'))
    end
  end
  return changed
end
