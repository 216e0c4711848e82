-- A dispatcher's heartbeat: the time, who leads, and whether Redis still holds what the dispatcher has read.
--
-- KEYS: leader (name, expiring), changes (stream), counter.
-- ARGV: name, milliseconds to lead for (0: give the lead up), id of the last entry read.
-- Returns: seconds, microseconds, 1 when this one leads now, number of the last change,
--          1 when the entry is there (a failover to a server that had not received it takes it away).

local leader = redis.call('GET', KEYS[1])
local leads = 0
if tonumber(ARGV[2]) == 0 then
  if leader == ARGV[1] then
    redis.call('DEL', KEYS[1])
  end
elseif not leader or leader == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  leads = 1
end

local there = ARGV[3] == '0-0' or #redis.call('XRANGE', KEYS[2], ARGV[3], ARGV[3]) > 0
local now = redis.call('TIME')
return {now[1], now[2], leads, tonumber(redis.call('GET', KEYS[3]) or '0'), there and 1 or 0}
