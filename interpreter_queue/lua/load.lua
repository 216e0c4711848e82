-- Reads one agent and one request, the two sides of a bond, and the time, at one moment.
--
-- KEYS: agents, requests. Each a hash of id -> "<version> <record as JSON>".
-- ARGV: agent id or "", call id or "".
--       When only one is given, the other side of its assignment is read along.
-- Returns: seconds, microseconds, agent id, agent value, call id, request value ("" where there is none).

local agent_id, call_id = ARGV[1], ARGV[2]

local function read(key, id)
  return id ~= '' and redis.call('HGET', key, id) or ''
end

local function bound(value, side)
  local json = string.match(value, '^%d+ (.*)$')
  local assignment = json and cjson.decode(json).assignment
  return type(assignment) == 'table' and assignment[side] or ''
end

local agent, request = read(KEYS[1], agent_id), read(KEYS[2], call_id)
if call_id == '' then
  call_id = bound(agent, 'call_id')
  request = read(KEYS[2], call_id)
elseif agent_id == '' then
  agent_id = bound(request, 'agent_id')
  agent = read(KEYS[1], agent_id)
end

local now = redis.call('TIME')
return {now[1], now[2], agent_id, agent, call_id, request}
