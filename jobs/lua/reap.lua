-- ARGV: most of each kind, seconds that a message may take, the list that messages are in.
-- Ends jobs whose images have expired, and forgets the dead letters of which nothing is kept. Returns the stamp of the
-- messages that the caller sends, and the chunks (id:k) that they are for: those whose lease or rest is over, and those
-- whose message was lost. Messages arrive in the order in which they were sent: one is lost if another has arrived that
-- was sent later, or none is on its way.
local most, allowed_s = tonumber(ARGV[1]), tonumber(ARGV[2])
expire(most)
for _, id in ipairs(redis.call('ZRANGE', DEAD, 0, most - 1)) do
    if redis.call('EXISTS', record(id)) == 0 then redis.call('ZREM', DEAD, id) end
end
local latest = redis.call('LLEN', ARGV[3]) == 0 and now() or tonumber(redis.call('GET', LATEST) or 0)
if latest > now() then  -- the clock was set back: what was sent before tells nothing of what is sent now
    redis.call('DEL', LATEST)
    latest = 0
end
local out = redis.call('ZRANGEBYSCORE', WAITING, '-inf', '(' .. stamp(latest - allowed_s), 'LIMIT', 0, most)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', CLAIMED, '-inf', stamp(now()), 'LIMIT', 0, most)) do
    local id, k = string.match(member, '^(.*):(%d+)$')
    if redis.call('HEXISTS', record(id), 'holder:' .. k) == 1 then count('retried') end
    table.insert(out, member)
end
local sent = stamp(now())
for _, member in ipairs(out) do
    local id, k = string.match(member, '^(.*):(%d+)$')
    if has_work(id, k) then send(id, k, sent) else forget(id, k) end
end
return {sent, unpack(out)}
