-- ARGV: id, chunk, who has it, seconds until somebody else is told, 1 where it does not count as a try.
local id, k = ARGV[1], ARGV[2]
local member = id .. ':' .. k
if not is_open(redis.call('HGET', record(id), 'state')) or not redis.call('ZSCORE', CHECKS, member) then return end
if redis.call('HGET', record(id), 'holder:' .. k) ~= ARGV[3] then return end
let_go(id, k)
if ARGV[5] == '1' then redis.call('HSET', record(id), 'tries:' .. k, math.max(0, number(id, 'tries:' .. k) - 1)) end
redis.call('ZADD', CHECKS, stamp(now() + tonumber(ARGV[4])), member)
redis.call('ZADD', WAITING, redis.call('HGET', record(id), 'created'), member)
