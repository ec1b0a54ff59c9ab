-- List openings whose process is dead, or that were left, or that are older than any process keeps one.
--
-- Key: any tag.
-- Args: run, number of shards, most to list, oldest ('0', or the 8 bytes of the id before which all are listed)
-- Answer: a list of (shard, id, channel, what)
--
-- A process that has opened something stands in `apis` until it is dead and has nothing open, so that in quiet times
-- this reads one set and one key a process.
local num_shards, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local dead, anybody = {}, ARGV[4] ~= '0'
for _, incarnation in ipairs(redis.call('SMEMBERS', 'apis')) do
  if redis.call('EXISTS', 'api:' .. incarnation) == 0 then
    dead[incarnation] = 0
    anybody = true
  end
end
if not anybody then
  return {}
end

local oldest_high, oldest_low = 0, 0
if ARGV[4] ~= '0' then
  oldest_high, oldest_low = struct.unpack('>I4I4', ARGV[4])
end
local function is_old(id)
  local high, low = struct.unpack('>I4I4', id)
  return high < oldest_high or (high == oldest_high and low < oldest_low)
end

local orphans = {}
for shard = 0, num_shards - 1 do
  local open = redis.call('HGETALL', 'open{' .. shard .. '}')
  for i = 1, #open, 2 do
    local record = cmsgpack.unpack(open[i + 1])
    if dead[record[1]] then
      dead[record[1]] = dead[record[1]] + 1
    end
    if (dead[record[1]] or is_old(open[i])) and #orphans < most then
      orphans[#orphans + 1] = {shard, open[i], record[2], record[3]}
    end
  end
end
for incarnation, count in pairs(dead) do
  if count == 0 then
    redis.call('SREM', 'apis', incarnation)
  end
end
return orphans
