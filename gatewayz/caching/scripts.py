"""Lua scripts that run inside Redis. The first key of each is the cache's epoch."""

# Starts a new epoch when Redis has restarted. KEYS: epoch, run id. ARGV: run id, new epoch.
SYNC = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    redis.call('SET', KEYS[2], ARGV[1])
    redis.call('SET', KEYS[1], ARGV[2])
end
"""
# Fills an entry in, unless it or the epoch has changed. KEYS: epoch, entry. ARGV: what the entry
# was, what the epoch was, the new value without its epoch, ms to keep it or ''.
FILL = """
local epoch = redis.call('GET', KEYS[1]) or ''
if epoch ~= ARGV[2] or (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
local value = epoch .. ' ' .. ARGV[3]
if ARGV[4] == '' then
    redis.call('SET', KEYS[2], value)
else
    redis.call('SET', KEYS[2], value, 'PX', ARGV[4])
end
return 1
"""
# Replaces entries by a tombstone. KEYS: epoch, entries. ARGV: tombstone, ms, channel, message.
DELETE = """
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2]) end
redis.call('PUBLISH', ARGV[3], ARGV[4])
"""
# Starts a new epoch. KEYS: epoch. ARGV: new epoch, channel, message.
CLEAR = """
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""
