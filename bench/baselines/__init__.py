"""What people would otherwise serve a network with; each runs in a virtual environment of its own."""
