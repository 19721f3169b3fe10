-- ARGV: id, chunk, who claims, seconds of the lease, most claims without a result, result of an image that is given up,
-- a name of this call, the stamp of its message. Returns nothing where there is nothing to do; else question, request id,
-- open chunks of all jobs, and the indices that have no result.
local id, k, who, lease_s = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local member = id .. ':' .. k
local sent = tonumber(ARGV[8])
if sent > tonumber(redis.call('GET', LATEST) or 0) and sent <= now() then redis.call('SET', LATEST, ARGV[8]) end
if not has_work(id, k) then return {} end
local holder = redis.call('HGET', record(id), 'holder:' .. k)
if holder and holder ~= who and tonumber(redis.call('ZSCORE', CLAIMED, member) or 0) > now() then return {} end

local is_again = redis.call('HGET', record(id), 'call:' .. k) == ARGV[7]  -- the same call, sent again: one try
if not is_again and redis.call('HINCRBY', record(id), 'tries:' .. k, 1) > tonumber(ARGV[5]) then
    local index = missing(id, k)[1]
    redis.call('SADD', dead_images(id), index)
    count('given_up')
    keep(id, k, index, ARGV[6])
    if not has_work(id, k) then return {} end
end
redis.call('HSET', record(id), 'holder:' .. k, who, 'call:' .. k, ARGV[7])
hold(id, k, lease_s)
if redis.call('HGET', record(id), 'state') == 'queued' then
    redis.call('HSET', record(id), 'state', 'running')
    count('queued', -1)
    count('running')
end
local question, request_id = unpack(redis.call('HMGET', record(id), 'question', 'request_id'))
return {question, request_id, open_chunks(), unpack(missing(id, k))}
