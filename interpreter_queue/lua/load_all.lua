-- Reads the whole queue at one moment.
--
-- KEYS: agents, requests, changes (stream), counter, handles (list of JSON, newest first).
-- Returns: seconds, microseconds, number of the last change, id of the last stream entry,
--          agents and requests as flat id, value lists, handles.

local now = redis.call('TIME')
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
return {
  now[1],
  now[2],
  redis.call('GET', KEYS[4]) or '0',
  last[1] and last[1][1] or '0-0',
  redis.call('HGETALL', KEYS[1]),
  redis.call('HGETALL', KEYS[2]),
  redis.call('LRANGE', KEYS[5], 0, -1),
}
