-- wrk: people mark a channel as read up to one message after the other. BENCH_TOKEN has the tokens of all, with commas.
-- BENCH_BODY is what each of them says with it.
-- Ids are numbers here, which hold them only in steps.
local step = 1024
local path = os.getenv("BENCH_PATH")
local first = tonumber(os.getenv("BENCH_FIRST"))
local body = os.getenv("BENCH_BODY") or "{}"
local turn = 0
local people = {}
for token in string.gmatch(os.getenv("BENCH_TOKEN"), "[^,]+") do
  people[#people + 1] = { ["Authorization"] = token, ["Content-Type"] = "application/json" }
end

function request()
  turn = turn + 1
  local headers = people[turn % #people + 1]
  return wrk.format("POST", string.format("%s/%.0f/ack", path, first + turn * step), headers, body)
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), wrong))
end
