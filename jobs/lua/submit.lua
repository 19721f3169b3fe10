-- ARGV: new id, owner, digest, name of the idempotency key ('': none), question, files, images, chunk, bytes, most bytes,
-- image ttl s, result ttl s, request id, then index and result of those that have one.
-- Returns what became of it, and the id of the job (for `full`: bytes held now), and the stamp of its messages.
local id, owner, digest, idempotency = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local total, size, bytes, most_bytes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local image_ttl_s, result_ttl_s = tonumber(ARGV[11]), tonumber(ARGV[12])

local before = redis.call('HGET', record(id), 'state')
if before then  -- the same call, sent again, and with it its images
    if not is_open(before) and before ~= 'failed' then redis.call('UNLINK', images(id)) end
    return {'accepted', id, redis.call('HGET', record(id), 'created')}
end
if idempotency ~= '' then
    local known, known_digest = string.match(redis.call('GET', idempotency) or '', '^(%S+) (%S+)$')
    if known and redis.call('EXISTS', record(known)) == 1 then
        return {known_digest == digest and 'known' or 'conflict', known}
    end
end
local held = tonumber(redis.call('HGET', COUNTS, 'bytes')) or 0
if held + bytes > most_bytes then return {'full', tostring(held)} end

local created, chunks = now(), math.ceil(total / size)
redis.call('HSET', record(id), 'state', 'queued', 'owner', owner, 'question', ARGV[5], 'files', ARGV[6],
    'images', total, 'chunk', size, 'chunks', chunks, 'done', 0, 'bytes', bytes, 'result_ttl_s', result_ttl_s,
    'request_id', ARGV[13], 'created', stamp(created), 'opened', stamp(created), 'expires', stamp(created + image_ttl_s))
redis.call('ZADD', EXPIRY, stamp(created + image_ttl_s), id)
for k = 0, chunks - 1 do
    redis.call('HSET', record(id), 'left:' .. k, math.min(size, total - k * size), 'tries:' .. k, 0)
    send(id, k, stamp(created))
end
count('queued')
count('submitted')
count('bytes', bytes)
if idempotency ~= '' then
    redis.call('SET', idempotency, id .. ' ' .. digest, 'EX', image_ttl_s + result_ttl_s)
end
for place = 14, #ARGV, 2 do
    local k = math.floor(tonumber(ARGV[place]) / size)
    keep(id, k, ARGV[place], ARGV[place + 1])
    redis.call('HSET', record(id), 'tries:' .. k, 0)  -- nobody has claimed it
end
return {'accepted', id, stamp(created)}
