-- Writes changes that were decided elsewhere, each if nobody touched what it was decided from; else that one is lost.
-- Two agents accepting at once, two dispatchers binding at once: the first wins, the other one gets 0.
-- All that count become one entry of the stream.
--
-- KEYS: agents, requests (hashes of id -> "<version> <JSON>"), agent leases, call leases (sorted sets of
--       id -> Redis time of the end), changes (stream), counter, handles (list).
-- ARGV: 1 name of this batch. 2 entries kept. 3 handles kept. Then, for each change, three:
--       head: JSON [expected, guard, leases, handle]
--         expected: [[table, id, version], ...]; version 0: not there.
--         guard: [] or [leases, id, time]: that lease still ended before that time.
--         leases: [[leases, id, seconds from now], ...]; 0 ends the lease. handle: JSON or "".
--       records: JSON [[table, id, record as JSON or null], ...]; null deletes.
--       rest: the end of a JSON list, passed on unread.
-- (table: 1 agents, 2 requests; leases: 3 agents', 4 calls': their place in KEYS.)
-- Returns: for each change its number, the new version of what it wrote; 0 when lost.

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local function stands(head)
  for _, expected in ipairs(head[1]) do
    local value = redis.call('HGET', KEYS[expected[1]], expected[2])
    local version = value and tonumber(string.match(value, '^%d+')) or 0
    if version ~= expected[3] then
      return false
    end
  end
  local guard = head[2]
  if guard[1] then
    local ends = redis.call('ZSCORE', KEYS[guard[1]], guard[2])
    return ends and tonumber(ends) <= guard[3]
  end
  return true
end

local function write(head, records, number)
  for _, record in ipairs(cjson.decode(records)) do
    if record[3] == cjson.null then
      redis.call('HDEL', KEYS[record[1]], record[2])
    else
      redis.call('HSET', KEYS[record[1]], record[2], string.format('%d %s', number, record[3]))
    end
  end
  for _, lease in ipairs(head[3]) do
    if lease[3] > 0 then
      redis.call('ZADD', KEYS[lease[1]], now + lease[3], lease[2])
    else
      redis.call('ZREM', KEYS[lease[1]], lease[2])
    end
  end
  if head[4] ~= '' then
    redis.call('LPUSH', KEYS[7], head[4])
    redis.call('LTRIM', KEYS[7], 0, tonumber(ARGV[3]) - 1)
  end
end

local numbers, told, first = {}, {}, nil
for i = 4, #ARGV, 3 do
  local head, number = cjson.decode(ARGV[i]), 0
  if stands(head) then
    number = redis.call('INCR', KEYS[6])
    first = first or number
    write(head, ARGV[i + 1], number)
    told[#told + 1] = '[' .. ARGV[i + 1] .. ',' .. ARGV[i + 2] .. ']'
  end
  numbers[#numbers + 1] = number
end
if first then
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[2], '*',
    'head', first .. ' ' .. #told .. ' ' .. ARGV[1], 'changes', '[' .. table.concat(told, ',') .. ']')
end
return numbers
