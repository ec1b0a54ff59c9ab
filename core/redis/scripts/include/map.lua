-- Tell whether a controller of a later term has written to the map; if not, remember this one's.
local function is_over(term)
  if tonumber(redis.call('HGET', 'map', 'term') or '0') > tonumber(term) then
    return true
  end
  redis.call('HSET', 'map', 'term', term)
  return false
end

-- Give the map another version, which is above all of earlier terms, and tell everybody who follows it.
local function tell_change()
  local head = redis.call('HMGET', 'map', 'version', 'term')
  local version = math.max(tonumber(head[1] or '0'), tonumber(head[2] or '0') * 4294967296) + 1
  local text = string.format('%.0f', version)
  redis.call('HSET', 'map', 'version', text)
  redis.call('PUBLISH', 'map', text)
  return version
end

-- Read the place of a shard: epoch, owner, and where it moves.
local function find_place(shard)
  local place = redis.call('HGET', 'places', shard)
  if not place then
    return '0', '', ''
  end
  return string.match(place, '^(%d+) (%S*) (%S*)$')
end
