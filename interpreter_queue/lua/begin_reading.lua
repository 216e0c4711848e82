-- Where a reading of the whole queue begins: every change after this place comes by the stream.
--
-- KEYS: changes (stream), counter, handles (list of JSON, newest first).
-- Returns: seconds, microseconds, number of the last change, id of the last entry, handles.

local now = redis.call('TIME')
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {
  now[1],
  now[2],
  tonumber(redis.call('GET', KEYS[2]) or '0'),
  last[1] and last[1][1] or '0-0',
  redis.call('LRANGE', KEYS[3], 0, -1),
}
