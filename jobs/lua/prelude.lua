-- Before every script: names of keys, the clock of Redis, how a job ends.
-- job:ID is a hash. Of chunk k it has left:k (images without a result), tries:k (claims since the last result, with the
-- one that brought it) and holder:k (who works on it). Each chunk that has images left is in one of two sets:
--   waiting, by when its message was sent;  claimed, by when that is over (its lease, or a rest that it was given).
-- Each job that has not ended is in expiry, by when its images are dropped.
local COUNTS, EXPIRY = 'triptych:jobs:counts', 'triptych:jobs:expiry'
local WAITING, CLAIMED = 'triptych:jobs:waiting', 'triptych:jobs:claimed'
local DEAD, PACE = 'triptych:jobs:dead', 'triptych:jobs:pace'
local LATEST = 'triptych:jobs:latest'  -- when the message was sent that was sent last of those that have arrived
local PACE_LENGTH = 50

local function now()
    local time = redis.call('TIME')
    return tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function stamp(time) return string.format('%.6f', time) end  -- tostring has 14 digits: too few for it
local function record(id) return 'triptych:job:' .. id end
local function images(id) return 'triptych:job:' .. id .. ':images' end
local function results(id) return 'triptych:job:' .. id .. ':results' end
local function dead_images(id) return 'triptych:job:' .. id .. ':dead' end
local function tombstone(id) return 'triptych:job:' .. id .. ':gone' end
local function number(id, field) return tonumber(redis.call('HGET', record(id), field)) or 0 end
local function whole(n) return string.format('%d', n) end  -- Lua has a minus zero, which Redis takes for no number
local function count(name, by) redis.call('HINCRBY', COUNTS, name, whole(by or 1)) end
local function is_open(state) return state == 'queued' or state == 'running' end

local function has_work(id, k)
    return is_open(redis.call('HGET', record(id), 'state')) and number(id, 'left:' .. k) > 0
end

local function send(id, k, sent)  -- whoever calls this sends a message with the stamp *sent*
    redis.call('HDEL', record(id), 'holder:' .. k)
    redis.call('ZREM', CLAIMED, id .. ':' .. k)
    redis.call('ZADD', WAITING, sent, id .. ':' .. k)
end

local function hold(id, k, seconds)
    redis.call('ZREM', WAITING, id .. ':' .. k)
    redis.call('ZADD', CLAIMED, stamp(now() + seconds), id .. ':' .. k)
end

local function forget(id, k)
    redis.call('ZREM', WAITING, id .. ':' .. k)
    redis.call('ZREM', CLAIMED, id .. ':' .. k)
end

-- The only way to a final state; nothing where the job has one.
local function finish(id, state)
    local before = redis.call('HGET', record(id), 'state')
    if not is_open(before) then return end
    count(before, -1)
    count(state)
    count('bytes', -number(id, 'bytes'))
    for k = 0, number(id, 'chunks') - 1 do forget(id, k) end
    redis.call('ZREM', EXPIRY, id)
    if state == 'failed' then
        redis.call('ZADD', DEAD, stamp(now()), id)
    else
        redis.call('UNLINK', images(id))  -- those of a failed one are for `jobs retry`, while they last
    end
    local keep_s = number(id, 'result_ttl_s')
    redis.call('HSET', record(id), 'state', state, 'expires', stamp(now() + keep_s), 'bytes', 0)
    redis.call('EXPIRE', record(id), keep_s)
    redis.call('EXPIRE', results(id), keep_s)
    redis.call('EXPIRE', dead_images(id), keep_s)
    redis.call('SET', tombstone(id), redis.call('HGET', record(id), 'owner'), 'EX', 2 * keep_s)
end

local function expire(most)  -- end the jobs whose images are dropped
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', stamp(now()), 'LIMIT', 0, most)) do
        finish(id, 'expired')
        redis.call('ZREM', EXPIRY, id)  -- also where its record is gone
    end
end

local function open_chunks() return redis.call('ZCARD', WAITING) + redis.call('ZCARD', CLAIMED) end

local function missing(id, k)  -- the indices of a chunk that have no result
    local size, found = number(id, 'chunk'), {}
    for index = k * size, math.min((k + 1) * size, number(id, 'images')) - 1 do
        if redis.call('HEXISTS', results(id), index) == 0 then table.insert(found, index) end
    end
    return found
end

-- Keep the first result of an image; false where there was one. Ends the chunk, and the job, with the last one.
local function keep(id, k, index, result)
    if redis.call('HSETNX', results(id), index, result) == 0 then return false end
    redis.call('HINCRBY', record(id), 'done', 1)
    redis.call('HSET', record(id), 'tries:' .. k, 1)  -- of the next image, by the same claim
    if redis.call('HINCRBY', record(id), 'left:' .. k, -1) == 0 then forget(id, k) end
    if number(id, 'done') == number(id, 'images') then
        finish(id, redis.call('EXISTS', dead_images(id)) == 1 and 'failed' or 'done')
    end
    return true
end
