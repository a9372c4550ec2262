"""Lua scripts that check and count limits atomically, on Redis's clock.

A sliding window is stored as [bucket, count, bucket, count, …], oldest first. A bucket is a
twelfth of a minute or an hour, or a 24th of a day, numbered since the epoch. The current bucket
and as many full ones as make up the window are counted: they cover the window and up to one bucket
more, so no span of the window's length ever exceeds the limit. A month is a calendar month in UTC,
stored as [its start, count]. The windows of a user or key are fields of one hash.

An allowance numbers its limits: 1–3 requests per minute, hour and day, 4 per month, 5–8 the same
for tokens, 9 concurrent requests. A request has two allowances: its user's and its key's. A limit
of 0 means unlimited.
"""

from gatewayz.redis.scripts import Script

_WINDOWS = """
local SIZES, PARTS = {5000, 300000, 3600000}, {12, 12, 24}
local TOTAL_KEPT = 90 * 86400000
local NEVER = 86400000

local function time_ms(given)
    if given ~= '' then return tonumber(given) end
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The buckets within the window, and their sum.
local function slide(window, bucket, parts)
    local kept, used = {}, 0
    for i = 1, #window, 2 do
        if window[i] >= bucket - parts then
            kept[#kept + 1] = window[i]
            kept[#kept + 1] = window[i + 1]
            used = used + window[i + 1]
        end
    end
    return kept, used
end

-- Milliseconds until old buckets drop out and fewer than `limit` are used.
local function wait_ms(kept, used, limit, size, parts, now)
    for i = 1, #kept, 2 do
        used = used - kept[i + 1]
        if used < limit then return (kept[i] + parts + 1) * size - now end
    end
    return (parts + 1) * size
end

local function count(window, bucket, amount)
    local last = #window
    -- After the clock was set back, the newest bucket counts too.
    if last > 0 and window[last - 1] >= bucket then
        window[last] = window[last] + amount
    else
        window[last + 1] = bucket
        window[last + 2] = amount
    end
end

-- The current state of a window: its buckets, their sum, the current bucket, and its bucket size
-- and number of buckets.
local function read_window(packed, number, now, months)
    local window = packed and cmsgpack.unpack(packed) or {}
    local span = (number - 1) % 4 + 1
    if span < 4 then
        local size, parts = SIZES[span], PARTS[span]
        local bucket = math.floor(now / size)
        local kept, used = slide(window, bucket, parts)
        return kept, used, bucket, size, parts
    end
    local month = now >= months[2] and months[2] or months[1]
    -- Web hosts with different clocks must not alternate between two months.
    if window[1] and window[1] > month then month = window[1] end
    local ends = month == months[1] and months[2] or months[3]
    if window[1] ~= month then window = {} end
    return window, window[2] or 0, month, ends - now, 0
end

-- How long to keep a window from now on.
local function kept_ms(number, size, parts)
    if (number - 1) % 4 == 3 then return math.max(size, 1) end
    return (parts + 1) * size
end
"""

# KEYS: the windows of the user and of the key, the slots of the user and of the key.
#
# ARGV: [user's allowance, key's allowance, max_requests, requests counted by the database], [start
# of this month, the next, and the one after it, in ms], slot, its lease in ms, now in ms or '',
# how many requests to admit at most.
#
# Returns six numbers: the number of the rejecting limit (the one with the longest wait) or 0; the
# value of that limit, or of the tightest one; what remains of it; ms until more remains; how many
# requests were counted, more than one only while that is at most 1 % of what remains of each
# limit; and how many tokens are 1 % of what remains.
ADMIT = Script(
    _WINDOWS
    + """
local given, months = cmsgpack.unpack(ARGV[1]), cmsgpack.unpack(ARGV[2])
local now = time_ms(ARGV[5])
local rejected, rejected_limit, longest_ms = 0, 0, -1
local limit_shown, left_shown, reset_shown = 0, math.huge, 0
local counted, expiries, fields_of = {{}, {}}, {0, 0}, {{}, {}}
local taken, tokens = tonumber(ARGV[6]), math.huge

for subject = 1, 2 do
    local allowance, fields = given[subject], fields_of[subject]
    for number = 1, 8 do
        if allowance[number] > 0 then fields[#fields + 1] = number end
    end
    if subject == 2 and given[3] > 0 then fields[#fields + 1] = 9 end
    local packed = #fields > 0 and redis.call('HMGET', KEYS[subject], unpack(fields)) or {}
    for i, number in ipairs(fields) do
        local limit, used, reset, kept
        if number == 9 then
            limit, reset, kept = given[3], NEVER, TOTAL_KEPT
            used = math.max(tonumber(packed[i]) or 0, given[4])
            counted[subject][9] = {used}
        else
            limit = allowance[number]
            local window, sum, bucket, size, parts = read_window(packed[i], number, now, months)
            used, kept = sum, kept_ms(number, size, parts)
            if parts == 0 then
                reset = size
            elseif used >= limit then
                reset = wait_ms(window, used, limit, size, parts, now)
            else
                reset = ((window[1] or bucket) + parts + 1) * size - now
            end
            if number <= 4 then counted[subject][number] = {window, bucket} end
        end
        expiries[subject] = math.max(expiries[subject], kept)
        if used >= limit then
            if reset > longest_ms then
                rejected = number == 9 and 19 or (subject - 1) * 9 + number
                rejected_limit, longest_ms = limit, reset
            end
        else
            local share = math.floor((limit - used) / 100)
            taken = math.max(1, math.min(taken, share))
            if number > 4 and number < 9 then tokens = math.min(tokens, share) end
            if (number <= 4 or number == 9) and limit - used < left_shown then
                limit_shown, left_shown, reset_shown = limit, limit - used, reset
            end
        end
    end
    if allowance[9] > 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[subject + 2], '-inf', now)
        if redis.call('ZCARD', KEYS[subject + 2]) >= allowance[9] and longest_ms < 1000 then
            rejected, rejected_limit, longest_ms = subject * 9, allowance[9], 1000
        end
    end
end

if rejected > 0 then return {rejected, rejected_limit, 0, longest_ms, 0, 0} end

for subject = 1, 2 do
    local write = {}
    for number, what in pairs(counted[subject]) do
        write[#write + 1] = number
        if number == 9 then
            write[#write + 1] = what[1] + taken
        else
            count(what[1], what[2], taken)
            write[#write + 1] = cmsgpack.pack(what[1])
        end
    end
    if #write > 0 then
        redis.call('HSET', KEYS[subject], unpack(write))
        redis.call('PEXPIRE', KEYS[subject], expiries[subject])
    end
    if given[subject][9] > 0 then
        redis.call('ZADD', KEYS[subject + 2], now + ARGV[4], ARGV[3])
        redis.call('PEXPIRE', KEYS[subject + 2], ARGV[4])
    end
end
if tokens == math.huge then tokens = 0 end
if limit_shown == 0 then return {0, 0, 0, 0, taken, tokens} end
return {0, limit_shown, left_shown - taken, reset_shown, taken, tokens}
"""
)

# KEYS, ARGV[1], ARGV[2] and ARGV[5] as above. ARGV[3]: slot or '', ARGV[4]: tokens used.
SETTLE = Script(
    _WINDOWS
    + """
local given, months = cmsgpack.unpack(ARGV[1]), cmsgpack.unpack(ARGV[2])
local tokens, now = tonumber(ARGV[4]), time_ms(ARGV[5])
for subject = 1, 2 do
    local allowance = given[subject]
    if ARGV[3] ~= '' and allowance[9] > 0 then
        redis.call('ZREM', KEYS[subject + 2], ARGV[3])
    end
    for number = 5, 8 do
        if tokens > 0 and allowance[number] > 0 then
            local packed = redis.call('HGET', KEYS[subject], number)
            local window, _, bucket, size, parts = read_window(packed, number, now, months)
            count(window, bucket, tokens)
            redis.call('HSET', KEYS[subject], number, cmsgpack.pack(window))
            local kept = kept_ms(number, size, parts)
            if redis.call('PTTL', KEYS[subject]) < kept then
                redis.call('PEXPIRE', KEYS[subject], kept)
            end
        end
    end
end
"""
)

# KEYS: windows and slots of a user or key, of the next one, … ARGV: months, now or ''. Returns for
# each the sums of windows 1–8, concurrent requests, and total requests. Writes nothing.
READ = Script(
    _WINDOWS
    + """
local months, now = cmsgpack.unpack(ARGV[1]), time_ms(ARGV[2])
local answer = {}
for i = 1, #KEYS, 2 do
    local packed = redis.call('HMGET', KEYS[i], 1, 2, 3, 4, 5, 6, 7, 8, 9)
    local used = {}
    for number = 1, 8 do
        local _, sum = read_window(packed[number], number, now, months)
        used[number] = sum
    end
    used[9] = redis.call('ZCOUNT', KEYS[i + 1], '(' .. now, '+inf')
    used[10] = tonumber(packed[9]) or 0
    answer[#answer + 1] = used
end
return answer
"""
)

# KEYS: one window. ARGV: limit, bucket size in ms, now or ''. Returns as ADMIT does, 1 for
# rejected.
HIT = Script(
    _WINDOWS
    + """
local limit, size, now = tonumber(ARGV[1]), tonumber(ARGV[2]), time_ms(ARGV[3])
local packed = redis.call('GET', KEYS[1])
local bucket = math.floor(now / size)
local window, used = slide(packed and cmsgpack.unpack(packed) or {}, bucket, 12)
if used >= limit then return {1, limit, 0, wait_ms(window, used, limit, size, 12, now)} end
count(window, bucket, 1)
redis.call('SET', KEYS[1], cmsgpack.pack(window), 'PX', 13 * size)
return {0, limit, limit - used - 1, (window[1] + 13) * size - now}
"""
)

# KEYS: the day's rejections. ARGV: user, key and code; how many members to keep; ms to keep them.
# Members with the fewest rejections are dropped.
NOTE = Script("""
redis.call('ZINCRBY', KEYS[1], 1, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
""")
