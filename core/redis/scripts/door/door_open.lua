-- Let one message, edit or deletion into a channel, and choose the millisecond of its id.
--
-- Key: the tag of the door's shard.
-- Args: run, life, channel, t (milliseconds of the ticket), low (its other 22 bits), incarnation of the API process,
--   what (bytes for whoever must end it in the process' place), oldest (the age in ms at which an open one holds up
--   the channel),
--   guild ('0' for none, whose rights are not looked at), mark (rights were checked as of this value of tail:rel), author,
--   nonce ('' for none), nonce's life in ms, slow mode in ms (0 for none),
--   the rights that a message in a direct channel needs: the tag and the field in perm of each, packed ('' for none),
--   then for each limit: key, limit, window in ms. The first that is used up refuses, and nothing is counted.
-- Answers: CLOSED | KNOWN id is_open standings | STALE rel | BUSY age | SLOW left | LIMITED number left | LATE ms |
--   OK ms standings; standings are those of all limits from now on: is_allowed, remaining, ms to the window's end.
--
-- Ids are 8 bytes, as a 64-bit int has them with the largest first: Lua's numbers hold 53 bits.
-- include append
-- include pass
-- include limit
-- include rights
local EPOCH_MS, WINDOW_MS = 1420070400000, 250
local tag = KEYS[1]
local run, life, channel, t, low = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local incarnation, what, oldest_ms, guild = ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]
local meta = redis.call('HMGET', 'meta' .. tag, 'run', 'life', 'floor')
if meta[1] ~= run or meta[2] ~= life then
  return {'CLOSED'}
end

-- Join the standing of each limit to an answer: of a take, or of a look.
local function with_standings(answer, ask)
  for i = 16, #ARGV, 3 do
    local allowed, remaining, left = ask('limit:' .. ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = allowed, remaining, left
  end
  return answer
end

local author, nonce = ARGV[11], ARGV[12]
if nonce ~= '' then
  nonce = 'nonce' .. tag .. channel .. ':' .. author .. ':' .. nonce
  local known = redis.call('GET', nonce)
  if known then
    local is_open = redis.call('HEXISTS', 'open' .. tag, known) + redis.call('HEXISTS', 'held' .. tag, known)
    return with_standings({'KNOWN', known, is_open}, look)
  end
end

local changed = find_change(run, tag, meta[3], guild, author, ARGV[15])
if not changed then
  return {'CLOSED'}
end
if changed > tonumber(ARGV[10]) then
  return {'STALE', changed}
end

local function ms_of(id)
  local high, rest = struct.unpack('>I4I4', id)
  return high * 1024 + math.floor(rest / 4194304), rest % 4194304
end

local door = 'door' .. tag .. channel
-- Somebody may be held there whose other log was closed when its turn came.
local first = pass_held(run, tag, door)
if first and t - ms_of(first) > oldest_ms then
  return {'BUSY', t - ms_of(first)}
end

local last_key = 'last' .. tag .. channel
local last = redis.call('GET', last_key)
-- Before this life of the log somebody may have told later ids than any that is known here, by a clock that is ahead.
local ms = math.max(t, tonumber(life) - EPOCH_MS + WINDOW_MS)
if last then
  local last_ms, last_low = ms_of(last)
  if last_low >= low then
    last_ms = last_ms + 1
  end
  ms = math.max(ms, last_ms)
end
if ms >= t + WINDOW_MS then
  return {'LATE', ms}
end

local slow, slow_ms = 'slow' .. tag .. channel .. ':' .. author, tonumber(ARGV[14])
if slow_ms > 0 then
  -- The key lives as long as slow mode was when the author sent; it may be shorter now.
  local left = redis.call('PTTL', slow)
  if left > 0 then
    left = slow_ms - (tonumber(redis.call('GET', slow)) - left)
    if left > 0 then
      return {'SLOW', left}
    end
  end
end
for i = 16, #ARGV, 3 do
  if tonumber(redis.call('GET', 'limit:' .. ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then
    return {'LIMITED', (i - 16) / 3, math.max(redis.call('PTTL', 'limit:' .. ARGV[i]), 0)}
  end
end
local answer = with_standings({'OK', ms}, take)
if slow_ms > 0 then
  redis.call('SET', slow, slow_ms, 'PX', slow_ms)
end

local id = struct.pack('>I4I4', math.floor(ms / 1024), ms % 1024 * 4194304 + low)
redis.call('SET', last_key, id, 'PX', 3600000)
redis.call('RPUSH', door, id)
redis.call('HSET', 'open' .. tag, id, cmsgpack.pack({incarnation, channel, what, nonce}))
redis.call('SADD', 'apis', incarnation)
if nonce ~= '' then
  redis.call('SET', nonce, id, 'PX', ARGV[13])
end
return answer
