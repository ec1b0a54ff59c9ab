-- wrk: PUT or DELETE a reaction that differs each time. Neighbours are on different messages; then come the next person's,
-- and then the next emoji's. A thread counts from BENCH_FIRST; there is one thread.
local method = os.getenv("BENCH_METHOD")
local path = os.getenv("BENCH_PATH")
local emojis = { "%F0%9F%94%A5", "%F0%9F%91%8D", "%F0%9F%A6%86", "%F0%9F%98%80", "%F0%9F%8E%89", "%F0%9F%91%80", "%F0%9F%9A%80", "%F0%9F%92%AF", "%F0%9F%98%82", "%F0%9F%A4%94" }
local counter = tonumber(os.getenv("BENCH_FIRST"))

local function split(text)
  local parts = {}
  for part in text:gmatch("[^,]+") do
    parts[#parts + 1] = part
  end
  return parts
end

local messages = split(os.getenv("BENCH_MESSAGES"))
local tokens = split(os.getenv("BENCH_TOKENS"))

function request()
  local message = messages[counter % #messages + 1]
  local token = tokens[math.floor(counter / #messages) % #tokens + 1]
  local emoji = emojis[math.floor(counter / #messages / #tokens) % #emojis + 1]
  counter = counter + 1
  return wrk.format(method, path .. "/" .. message .. "/reactions/" .. emoji .. "/@me", { Authorization = token })
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), wrong))
end
