"""The service as it is, but that its engine computes nothing: gunicorn -c bench/null_conf.py app:app."""

import os
from functools import partial
from runpy import run_path

from web import metrics_folder

os.environ[metrics_folder.VARIABLE] = str(metrics_folder.of_this_process())  # as gunicorn.conf.py: before `wiring`

import wiring

wiring.engine_keeper = partial(wiring.engine_keeper, module="bench.null_engine")
globals().update(run_path("gunicorn.conf.py"))
