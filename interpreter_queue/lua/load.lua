-- Reads agents and requests by pairs, the two sides of bonds, and the time, at one moment.
--
-- KEYS: agents, requests. Each a hash of id -> "<version> <record as JSON>".
-- ARGV: for each pair two: agent id or "", call id or "".
--       When only one is given, the other side of its assignment is read along.
-- Returns: seconds, microseconds, then for each pair a list: agent id, agent value, call id, request value
--          ("" where there is none).

local function read(key, id)
  return id ~= '' and redis.call('HGET', key, id) or ''
end

local function bound(value, side)
  local json = string.match(value, '^%d+ (.*)$')
  local assignment = json and cjson.decode(json).assignment
  return type(assignment) == 'table' and assignment[side] or ''
end

local function pair(agent_id, call_id)
  local agent, request = read(KEYS[1], agent_id), read(KEYS[2], call_id)
  if call_id == '' then
    call_id = bound(agent, 'call_id')
    request = read(KEYS[2], call_id)
  elseif agent_id == '' then
    agent_id = bound(request, 'agent_id')
    agent = read(KEYS[1], agent_id)
  end
  return {agent_id, agent, call_id, request}
end

local now = redis.call('TIME')
local found = {now[1], now[2]}
for i = 1, #ARGV, 2 do
  found[#found + 1] = pair(ARGV[i], ARGV[i + 1])
end
return found
