-- ARGV: id, seconds that its images are kept for, seconds until the first check.
-- Opens a failed job again for the images that were given up. Returns its chunks (id:k); nothing where it is not failed,
-- or its images are gone.
local id, image_ttl_s = ARGV[1], tonumber(ARGV[2])
if redis.call('HGET', record(id), 'state') ~= 'failed' or redis.call('EXISTS', images(id)) == 0 then return {} end
local size, bytes, out, seen = number(id, 'chunk'), 0, {}, {}
for _, index in ipairs(redis.call('SMEMBERS', dead_images(id))) do
    local k = math.floor(tonumber(index) / size)
    local member = id .. ':' .. k
    redis.call('HDEL', results(id), index)
    redis.call('HINCRBY', record(id), 'done', -1)
    redis.call('HINCRBY', record(id), 'left:' .. k, 1)
    redis.call('HSET', record(id), 'tries:' .. k, 0, 'sent:' .. k, 1)
    let_go(id, k)
    bytes = bytes + redis.call('HSTRLEN', images(id), index)
    if not seen[member] then
        seen[member] = true
        table.insert(out, member)
        redis.call('ZADD', CHECKS, stamp(now() + tonumber(ARGV[3])), member)
        redis.call('ZADD', WAITING, stamp(now()), member)
    end
end
for _, key in ipairs({record(id), results(id)}) do redis.call('PERSIST', key) end
redis.call('EXPIRE', images(id), image_ttl_s)
redis.call('DEL', dead_images(id), tombstone(id))
redis.call('ZREM', DEAD, id)
redis.call('HDEL', record(id), 'ended')
redis.call('HSET', record(id), 'state', 'queued', 'bytes', bytes, 'created', stamp(now()),
    'expires', stamp(now() + image_ttl_s))
count('queued')
count('bytes', bytes)
count('retried', #out)
return out
