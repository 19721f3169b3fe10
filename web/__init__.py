"""HTTP: translates requests into calls of `models` and answers into JSON. Flask only here and in app.py."""
