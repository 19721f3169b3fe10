-- ARGV: id, chunk, who has it, seconds that it rests before others are told (0: the caller tells them now), 1 where this
-- does not count as a try. Returns the stamp of the message that the caller sends, where he does.
local id, k, rest_s = ARGV[1], ARGV[2], tonumber(ARGV[4])
if not has_work(id, k) or redis.call('HGET', record(id), 'holder:' .. k) ~= ARGV[3] then return end
if ARGV[5] == '1' then redis.call('HSET', record(id), 'tries:' .. k, math.max(0, number(id, 'tries:' .. k) - 1)) end
if rest_s == 0 then
    local sent = stamp(now())
    send(id, k, sent)
    return sent
end
redis.call('HDEL', record(id), 'holder:' .. k)
hold(id, k, rest_s)
