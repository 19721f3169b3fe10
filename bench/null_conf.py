"""The service as it is, but that its engine computes nothing: gunicorn -c bench/null_conf.py app:app."""

from functools import partial
from runpy import run_path

import wiring

wiring.engine_keeper = partial(wiring.engine_keeper, module="bench.null_engine")
globals().update(run_path("gunicorn.conf.py"))
