-- ARGV: most of them. Ends jobs whose images have expired: the reaper's work, where no worker runs.
expire(tonumber(ARGV[1]))
