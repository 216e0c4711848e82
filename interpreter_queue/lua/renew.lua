-- Renews the leases of what its process still holds.
--
-- KEYS: leases (sorted set of id -> Redis time of the end), records (hash).
-- ARGV: seconds, id, id, ...
-- Returns: the ids without a record. A lease that still stands is renewed all the same (a request that was
--          cancelled while its former interpreter is still in the call).

local time = redis.call('TIME')
local ends = tonumber(time[1]) + tonumber(time[2]) / 1e6 + tonumber(ARGV[1])
local unknown = {}
for i = 2, #ARGV do
  local known = redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1
  if not known then
    unknown[#unknown + 1] = ARGV[i]
  end
  if known or redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], ends, ARGV[i])
  end
end
return unknown
