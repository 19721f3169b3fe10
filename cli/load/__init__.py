"""Load for a running service: the standard library only."""
