-- wrk: POST messages, each with a nonce of its own; a thread counts in its own range.
local channel_path = os.getenv("BENCH_PATH")
local token = os.getenv("BENCH_TOKEN")
local threads = 0
local counter = 0
local said = os.getenv("BENCH_CONTENT")

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(_)
  counter = number * 100000000 + tonumber(os.getenv("BENCH_FIRST"))
  wrk.headers["Authorization"] = token
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  counter = counter + 1
  local body = '{"content":"' .. said .. ' jumps over the lazy dog, message ' .. counter .. '","nonce":"' .. counter .. '"}'
  return wrk.format("POST", channel_path, nil, body)
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), wrong))
end
