-- For wrk: each post is a new backup request with an idempotency key that was never used.
local count = 0
local run = tostring(os.time())
local body = '{"apiVersion":"2026-11-01","backupJobId":"0190a000-0000-7000-8000-000000000002",' ..
             '"backupSourcePath":"/data/ledger/2021-01-08","dataAsOfDate":"2021-01-08"}'

request = function()
  count = count + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Idempotency-Key"] = run .. "-" .. count}, body)
end

