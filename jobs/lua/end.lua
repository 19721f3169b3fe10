-- ARGV: id, final state. Returns whether there is such a job.
if redis.call('EXISTS', record(ARGV[1])) == 0 then return 0 end
finish(ARGV[1], ARGV[2])
return 1
