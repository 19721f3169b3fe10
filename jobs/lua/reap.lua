-- ARGV: most of each kind, seconds that a message may take, the list that messages are in.
-- Ends jobs whose images have expired, and forgets the dead letters of which nothing is kept. Returns the chunks (id:k)
-- to be sent: those whose lease or rest is over, and those whose message was lost. Messages arrive in the order in which
-- they were sent: it is lost if one has arrived that was sent later, or none is on its way.
local most, allowed_s = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', stamp(now()), 'LIMIT', 0, most)) do
    finish(id, 'expired')
    redis.call('ZREM', EXPIRY, id)  -- also where its record is gone
end
for _, id in ipairs(redis.call('ZRANGE', DEAD, 0, most - 1)) do
    if redis.call('EXISTS', record(id)) == 0 then redis.call('ZREM', DEAD, id) end
end
local latest = redis.call('LLEN', ARGV[3]) == 0 and now() or tonumber(redis.call('GET', LATEST)) or 0
local out = redis.call('ZRANGEBYSCORE', WAITING, '-inf', '(' .. stamp(latest - allowed_s), 'LIMIT', 0, most)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', CLAIMED, '-inf', stamp(now()), 'LIMIT', 0, most)) do
    local id, k = string.match(member, '^(.*):(%d+)$')
    if redis.call('HEXISTS', record(id), 'holder:' .. k) == 1 then count('retried') end
    table.insert(out, member)
end
for place, member in ipairs(out) do
    local id, k = string.match(member, '^(.*):(%d+)$')
    if has_work(id, k) then send(id, k) else forget(id, k) end
end
return out
