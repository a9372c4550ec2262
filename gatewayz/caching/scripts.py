"""What runs inside Redis. The first key of each script is the epoch of the cache."""

# A value that counts: of this epoch and not past its end.
_LIVE = """
local function live(raw, epoch)
    if not raw then return false end
    local its_epoch, ends = string.match(raw, '^(%S*) (%S+) ')
    if its_epoch ~= epoch then return false end
    if ends == 'inf' then return true end
    local now = redis.call('TIME')
    return tonumber(ends) > now[1] + now[2] / 1000000
end
local function keep(name, raw, ms)
    if ms == '' then redis.call('SET', name, raw) else redis.call('SET', name, raw, 'PX', ms) end
end
local epoch = redis.call('GET', KEYS[1]) or ''
"""
SYNC = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    redis.call('SET', KEYS[2], ARGV[1])
    redis.call('SET', KEYS[1], ARGV[2])
end
"""
# ARGV: end and JSON, ms, only when there is none, channel, message.
SET = (
    _LIVE
    + """
if ARGV[3] == '1' and live(redis.call('GET', KEYS[2]), epoch) then return 0 end
keep(KEYS[2], epoch .. ' ' .. ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
)
# ARGV: what the entry was, the epoch that was, end and JSON, ms, channel or '', message.
FILL = (
    _LIVE
    + """
if epoch ~= ARGV[2] or (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
keep(KEYS[2], epoch .. ' ' .. ARGV[3], ARGV[4])
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
"""
)
# ARGV: tombstone, ms, channel, message. KEYS: the epoch, then the entries.
DELETE = (
    _LIVE
    + """
local deleted = 0
for i = 2, #KEYS do
    if live(redis.call('GET', KEYS[i]), epoch) then deleted = deleted + 1 end
    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return deleted
"""
)
CLEAR = """
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""
