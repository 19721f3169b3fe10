-- ARGV: id, chunk, who works on it, seconds of the lease, index, result.
-- Keeps the result, unless there is one of a worker. Returns the number of open chunks, or nothing where this one is over.
local id, k, who, lease_s = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local index = ARGV[5]
if not is_open(redis.call('HGET', record(id), 'state')) then return false end
local freed = redis.call('HSTRLEN', images(id), index)
local is_late = redis.call('SREM', dead_images(id), index) == 1  -- it was given up while he was at it
if is_late then redis.call('HSET', results(id), index, ARGV[6]) end
if is_late or keep(id, k, index, ARGV[6]) then
    count('images')
    redis.call('LPUSH', PACE, stamp(now()) .. ' ' .. freed)
    redis.call('LTRIM', PACE, 0, PACE_LENGTH - 1)
    redis.call('HDEL', images(id), index)
    if is_open(redis.call('HGET', record(id), 'state')) then
        redis.call('HINCRBY', record(id), 'bytes', whole(-freed))
        count('bytes', -freed)
    end
end
if not has_work(id, k) then return false end
if redis.call('HGET', record(id), 'holder:' .. k) == who then hold(id, k, lease_s) end
return open_chunks()
