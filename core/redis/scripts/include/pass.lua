-- What the two ends of an opening share. Entries are a flat list of tag, life and envelope.

-- Tell whether an opening, which the process `incarnation` is about to end, was left to a sweeper or taken by one, who ends
-- it. What the process has disowned it may still end.
local function is_taken(record, incarnation)
  return incarnation ~= '' and record[1] == '' and not record[5]
end

-- Return the generation of each entry's log, or nil when one of the logs is closed, or, where a life is given, was closed
-- and opened again since.
local function find_generations(run, entries, ignores_life)
  local generations = {}
  for i = 1, #entries, 3 do
    local meta = redis.call('HMGET', 'meta' .. entries[i], 'run', 'life', 'gen')
    if meta[1] ~= run or not (ignores_life or entries[i + 1] == '' or meta[2] == entries[i + 1]) then
      return nil
    end
    generations[#generations + 1] = meta[3]
  end
  return generations
end

-- Append all entries; return generation and n of each.
local function append_all(entries, generations)
  local positions = {}
  for i = 1, #entries, 3 do
    local gen = generations[(i + 2) / 3]
    positions[#positions + 1] = tonumber(gen)
    positions[#positions + 1] = append(entries[i], gen, 0, entries[i + 2])
  end
  return positions
end

-- Append what is held behind the door, until one is met that is still open, or whose log is closed; return that one.
-- Who is neither open nor held is removed: Redis may bring back half of a step whose other half its file has lost
-- (`core.bus.log_keeper`). For the same reason each is removed by its id, and not by its place.
local function pass_held(run, tag, door)
  local first = redis.call('LINDEX', door, 0)
  while first do
    local held = redis.call('HGET', 'held' .. tag, first)
    if held then
      local entries = cmsgpack.unpack(held)
      local generations = find_generations(run, entries, true)
      if not generations then
        return first
      end
      append_all(entries, generations)
      redis.call('HDEL', 'held' .. tag, first)
    elseif redis.call('HEXISTS', 'open' .. tag, first) == 1 then
      return first
    end
    redis.call('LREM', door, 1, first)
    first = redis.call('LINDEX', door, 0)
  end
end
