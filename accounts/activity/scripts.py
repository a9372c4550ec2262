"""Lua scripts of the activity buffer, which run atomically inside Redis."""

from gatewayz.redis.scripts import Script

# Checks the length, appends and wakes a worker in one script, so that it costs one round trip.
PUSH = Script("""
for i, name in ipairs({'redis_down', 'lost'}) do
    if ARGV[i] ~= '0' then redis.call('HINCRBY', KEYS[3], name, ARGV[i]) end
end
local given = #ARGV - 5
local taken = math.max(0, math.min(given, ARGV[3] - redis.call('LLEN', KEYS[1])))
if taken < given then redis.call('HINCRBY', KEYS[3], 'buffer_full', given - taken) end
if taken > 0 then redis.call('RPUSH', KEYS[1], unpack(ARGV, 6, 5 + taken)) end
if taken > 0 and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[5]) then
    redis.call('RPUSH', KEYS[4], ARGV[4])
end
return taken
""")

LEASE = Script("""
local events = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)
if #events == 0 then
    redis.call('DEL', KEYS[2])
    return events
end
redis.call('LTRIM', KEYS[1], #events, -1)
redis.call('RPUSH', KEYS[4], unpack(events))
local now = redis.call('TIME')
redis.call('ZADD', KEYS[3], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2], ARGV[3])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
return events
""")

# Pushes from the newest to the oldest, so that the events keep their order before the rest.
RETURN = Script("""
local events = redis.call('LRANGE', KEYS[3], 0, -1)
for i = #events, 1, -1 do redis.call('LPUSH', KEYS[1], events[i]) end
redis.call('DEL', KEYS[3])
if redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[4], ARGV[2], 1) end
return #events
""")

FIND_EXPIRED = Script("""
local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
""")

READ_STATE = Script("""
local depth = redis.call('LLEN', KEYS[1])
local oldest = {redis.call('LINDEX', KEYS[1], 0) or nil}
local batches = redis.call('ZRANGE', KEYS[2], 0, -1)
for _, batch in ipairs(batches) do
    local key = ARGV[1] .. batch
    depth = depth + redis.call('LLEN', key)
    local event = redis.call('LINDEX', key, 0)
    if event then table.insert(oldest, event) end
end
return {depth, oldest, redis.call('HGETALL', KEYS[3])}
""")
