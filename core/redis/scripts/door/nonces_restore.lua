-- Put back the nonces of messages that are stored, after a restart that has lost some of them.
--
-- Key: the tag of a shard.
-- Args: run, life of a nonce in ms, then for each: channel, nonce (with the author), id (8 bytes)
-- Answer: how many were missing
local missing = 0
for i = 3, #ARGV, 3 do
  if redis.call('SET', 'nonce' .. KEYS[1] .. ARGV[i] .. ':' .. ARGV[i + 1], ARGV[i + 2], 'PX', ARGV[2], 'NX') then
    missing = missing + 1
  end
end
return missing
