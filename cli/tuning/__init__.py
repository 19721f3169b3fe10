"""models tune: the settings that serve this machine and these photos best."""
