-- ARGV: id, seconds that its images are kept for, a name of this call.
-- Opens a failed job again for the images that were given up. Returns the stamp of the messages that the caller sends,
-- and the chunks (id:k) that they are for; nothing where it is not failed, or its images are gone.
local id, image_ttl_s = ARGV[1], tonumber(ARGV[2])
if redis.call('HGET', record(id), 'retry') == ARGV[3] then  -- the same call, sent again
    local open = {redis.call('HGET', record(id), 'opened')}
    for k = 0, number(id, 'chunks') - 1 do
        if has_work(id, k) then table.insert(open, id .. ':' .. k) end
    end
    return open
end
if redis.call('HGET', record(id), 'state') ~= 'failed' or redis.call('EXISTS', images(id)) == 0 then return {} end
local size, bytes, sent, seen = number(id, 'chunk'), 0, stamp(now()), {}
local out = {sent}
for _, index in ipairs(redis.call('SMEMBERS', dead_images(id))) do
    local k = math.floor(tonumber(index) / size)
    redis.call('HDEL', results(id), index)
    redis.call('HINCRBY', record(id), 'done', -1)
    redis.call('HINCRBY', record(id), 'left:' .. k, 1)
    redis.call('HSET', record(id), 'tries:' .. k, 0)
    bytes = bytes + redis.call('HSTRLEN', images(id), index)
    if not seen[k] then
        seen[k] = true
        table.insert(out, id .. ':' .. k)
        send(id, k, sent)
    end
end
for _, key in ipairs({record(id), results(id)}) do redis.call('PERSIST', key) end
redis.call('EXPIRE', images(id), image_ttl_s)
redis.call('DEL', dead_images(id), tombstone(id))
redis.call('ZREM', DEAD, id)
redis.call('HSET', record(id), 'state', 'queued', 'retry', ARGV[3], 'bytes', bytes, 'opened', sent,
    'expires', stamp(now() + image_ttl_s))
redis.call('ZADD', EXPIRY, stamp(now() + image_ttl_s), id)
count('queued')
count('bytes', bytes)
return out
