"""What a stranger may send: files and raw requests, each with what it is to be answered with. Made on the spot."""
