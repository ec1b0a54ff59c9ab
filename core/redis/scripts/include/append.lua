-- Append an entry to an open shard's log and tell the readers: position, revision (0 for none) and the counters before
-- the envelope, as 36 bytes (core/bus/entries.py reads them). Counters have 16 digits, which Lua does not print in full,
-- so they are packed and handed on, but never joined to a text.
local function append(tag, gen, revision, envelope)
  local n = redis.call('HINCRBY', 'meta' .. tag, 'n', 1)
  local all = redis.call('INCR', 'tail:all')
  local rel
  if revision > 0 then
    rel = redis.call('INCR', 'tail:rel')
  else
    rel = tonumber(redis.call('GET', 'tail:rel') or '0')
  end
  redis.call('XADD', 'log' .. tag, gen .. '-' .. n, 'e', envelope, 'r', revision)
  redis.call('PUBLISH', 's' .. tag, struct.pack('>I4I8I8I8I8', tonumber(gen), n, revision, all, rel) .. envelope)
  return n, rel
end
