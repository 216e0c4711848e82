-- Writes a change that was decided elsewhere, if nobody touched what it was decided from; else: lost.
-- Two agents accepting at once, two dispatchers binding at once: the first wins, the other one gets 0.
--
-- KEYS: agents, requests (hashes of id -> "<version> <JSON>"), agent leases, call leases (sorted sets of
--       id -> Redis time of the end), changes (stream), counter, handles (list).
-- ARGV: 1 expected: JSON [[table, id, version], ...]; version 0: not there.
--       2 guard: JSON [] or [leases, id, time]: that lease still ended before that time.
--       3 records: JSON [[table, id, record as JSON or null], ...]; null deletes.
--       4 leases: JSON [[leases, id, seconds from now], ...]; 0 ends the lease.
--       5 events: JSON, passed on unread. 6 handle: JSON or "".
--       7 changes kept. 8 handles kept.
-- (table: 1 agents, 2 requests; leases: 3 agents', 4 calls': their place in KEYS.)
-- Returns: number of this change, the new version of what it wrote; 0 when lost.

for _, expected in ipairs(cjson.decode(ARGV[1])) do
  local value = redis.call('HGET', KEYS[expected[1]], expected[2])
  local version = value and tonumber(string.match(value, '^%d+')) or 0
  if version ~= expected[3] then
    return 0
  end
end

local guard = cjson.decode(ARGV[2])
if guard[1] then
  local ends = redis.call('ZSCORE', KEYS[guard[1]], guard[2])
  if not ends or tonumber(ends) > guard[3] then
    return 0
  end
end

local number = redis.call('INCR', KEYS[6])
for _, record in ipairs(cjson.decode(ARGV[3])) do
  if record[3] == cjson.null then
    redis.call('HDEL', KEYS[record[1]], record[2])
  else
    redis.call('HSET', KEYS[record[1]], record[2], string.format('%d %s', number, record[3]))
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
for _, lease in ipairs(cjson.decode(ARGV[4])) do
  if lease[3] > 0 then
    redis.call('ZADD', KEYS[lease[1]], now + lease[3], lease[2])
  else
    redis.call('ZREM', KEYS[lease[1]], lease[2])
  end
end

if ARGV[6] ~= '' then
  redis.call('LPUSH', KEYS[7], ARGV[6])
  redis.call('LTRIM', KEYS[7], 0, tonumber(ARGV[8]) - 1)
end

redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[7], '*',
  'number', number, 'records', ARGV[3], 'events', ARGV[5], 'handle', ARGV[6])
return number
