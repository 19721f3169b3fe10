-- ARGV: id, index of an image that is not there. Ends the job as expired, unless another has brought the image's result.
local id, index = ARGV[1], ARGV[2]
if redis.call('HEXISTS', results(id), index) == 0 and redis.call('HEXISTS', images(id), index) == 0 then
    finish(id, 'expired')
end
