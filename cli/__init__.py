"""The operator's commands, under `flask --app app`."""
