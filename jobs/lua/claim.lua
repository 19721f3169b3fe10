-- ARGV: id, chunk, who claims, seconds of the lease, most claims without a result, result of an image that is given up.
-- Returns nothing where there is nothing to do, else question, request id, images of the job, open chunks of all jobs, indices without a result.
local id, k, who, lease_s = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local member = id .. ':' .. k
local state = redis.call('HGET', record(id), 'state')
if not is_open(state) or not redis.call('ZSCORE', CHECKS, member) then return {} end
local holder = redis.call('HGET', record(id), 'holder:' .. k)
if holder and holder ~= who and number(id, 'until:' .. k) > now() then return {} end

if redis.call('HINCRBY', record(id), 'tries:' .. k, 1) > tonumber(ARGV[5]) then
    local index = first_missing(id, k)
    redis.call('SADD', dead_images(id), index)
    redis.call('ZADD', DEAD, stamp(now()), id)
    count('dead_images')
    keep(id, k, index, ARGV[6])
    if not redis.call('ZSCORE', CHECKS, member) then return {} end
    redis.call('HSET', record(id), 'tries:' .. k, 1)
end
redis.call('HSET', record(id), 'holder:' .. k, who, 'until:' .. k, stamp(now() + lease_s), 'sent:' .. k, 0)
redis.call('ZADD', CHECKS, stamp(now() + lease_s), member)
redis.call('ZREM', WAITING, member)
if state == 'queued' then
    redis.call('HSET', record(id), 'state', 'running')
    count('queued', -1)
    count('running')
end
local size, total = number(id, 'chunk'), number(id, 'images')
local answer = {redis.call('HGET', record(id), 'question'), redis.call('HGET', record(id), 'request_id'), redis.call('ZCARD', CHECKS)}
for index = k * size, math.min((k + 1) * size, total) - 1 do
    if redis.call('HEXISTS', results(id), index) == 0 then table.insert(answer, index) end
end
return answer
