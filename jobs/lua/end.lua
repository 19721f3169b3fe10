-- ARGV: id, final state.
finish(ARGV[1], ARGV[2])
