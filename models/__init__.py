"""weights -> prepared artifact -> engine -> top-k. Knows `preprocessing`, nothing of the web."""
