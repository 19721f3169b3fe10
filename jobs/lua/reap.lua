-- ARGV: most chunks to look at, seconds until a chunk that was sent is looked at again (doubled each time).
-- Ends jobs whose images have expired. Returns the chunks (id:k) to be sent: those whose holder has been silent for
-- longer than its lease, and those that nobody has claimed since they were sent.
local out = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', CHECKS, '-inf', stamp(now()), 'LIMIT', 0, tonumber(ARGV[1]))) do
    local id, k = string.match(member, '^(.*):(%d+)$')
    if not is_open(redis.call('HGET', record(id), 'state')) then
        redis.call('ZREM', CHECKS, member)
        redis.call('ZREM', WAITING, member)
    elseif number(id, 'expires') <= now() then
        finish(id, 'expired')
    else
        if redis.call('HEXISTS', record(id), 'holder:' .. k) == 1 then
            let_go(id, k)
            count('retried')
            redis.call('ZADD', WAITING, redis.call('HGET', record(id), 'created'), member)
        end
        local sent = redis.call('HINCRBY', record(id), 'sent:' .. k, 1)
        redis.call('ZADD', CHECKS, stamp(now() + tonumber(ARGV[2]) * 2 ^ math.min(sent - 1, 8)), member)
        table.insert(out, member)
    end
end
return out
