-- Read entries of a shard's log.
--
-- Key: the tag of the shard.
-- Args: run, n after which to begin, most to read
-- Answer: generation, n of the shard, n of the first entry (0 for none), then for each entry: revision, envelope. Entries
--   are contiguous. All zeros for a shard that has no log.
local meta = redis.call('HMGET', 'meta' .. KEYS[1], 'gen', 'n')
if not meta[1] then
  return {0, 0, 0}
end
local answer = {tonumber(meta[1]), tonumber(meta[2]), 0}
local from = meta[1] .. '-' .. (tonumber(ARGV[2]) + 1)
local entries = redis.call('XRANGE', 'log' .. KEYS[1], from, '+', 'COUNT', ARGV[3])
if #entries > 0 then
  answer[3] = tonumber(string.match(entries[1][1], '%-(%d+)$'))
end
for _, entry in ipairs(entries) do
  answer[#answer + 1] = tonumber(entry[2][4])
  answer[#answer + 1] = entry[2][2]
end
return answer
