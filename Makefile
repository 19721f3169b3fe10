# Triptych. `make help` lists the commands; any setting can be given on the line: make serve PORT=8080 MODELS=resnet50

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The environment takes 3,000 MB, pip's working copies the rest.
FREE_MB := 4000
JAX_INSTALLED := $(VENV)/.installed-jax
# What npm brings for the tests of the page; where it can't, they skip.
PAGE_TESTS := tests/browser
NODE_INSTALLED := $(PAGE_TESTS)/node_modules/.installed

# NAME=value on the command line becomes TRIPTYCH_NAME in the environment, whatever NAME is: an unknown one is then
# refused by the program, by name.
OURS := PYTHON VENV
$(foreach v,$(filter-out $(OURS),$(.VARIABLES)),$(if $(filter command_line,$(subst $() ,_,$(origin $v))),$(eval export TRIPTYCH_$v := $($v))))

# The settings file of `make serve`: the one that is named, or what `models tune` writes. Its lines come after those
# of the command line and before what `make serve` says by itself: an empty variable counts as unset.
SETTINGS := $(or $(TRIPTYCH_SETTINGS_FILE),$(wildcard triptych.env))
unless_in_file = $(if $(shell test -f "$(SETTINGS)" && LC_ALL=C grep -P '^(\xEF\xBB\xBF)?\s*(TRIPTYCH_)?$1\s*=\s*\S' "$(SETTINGS)"),,$2)

.PHONY: help setup serve worker test test-slow bench bench-full check format clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(INSTALLED) ## make .venv with the pinned requirements

$(INSTALLED): requirements.txt requirements-serve.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
		{ echo "Triptych needs Python 3.11 to 3.13; $(PYTHON) is not (make PYTHON=... names another)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python || test $$(df -Pm . | awk 'NR==2 {print $$4}') -ge $(FREE_MB) || \
		{ echo "Too little disk: $(FREE_MB) MB are needed in $(CURDIR)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(JAX_INSTALLED): $(INSTALLED) requirements-jax.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-jax.txt && touch $@ || \
		echo "JAX could not be installed: tests that need it skip." >&2

$(NODE_INSTALLED): $(PAGE_TESTS)/package.json $(PAGE_TESTS)/package-lock.json
	@! command -v npm >/dev/null || \
		{ npm ci --prefix $(PAGE_TESTS) --ignore-scripts --silent --no-audit --no-fund --fetch-retries=1 && touch $@; } || \
		echo "npm could not install axe-core and TypeScript: tests that need them skip." >&2

serve worker: export TRIPTYCH_SETTINGS_FILE := $(SETTINGS)
serve worker: export TRIPTYCH_WEIGHTS := $(or $(TRIPTYCH_WEIGHTS),$(call unless_in_file,WEIGHTS,auto))
serve worker: export TRIPTYCH_PREPARE := $(or $(TRIPTYCH_PREPARE),$(call unless_in_file,PREPARE,changed))
serve: $(INSTALLED) ## prepare the models and serve on port 5000
	@exec $(BIN)/gunicorn app:app

worker: $(INSTALLED) ## serve asynchronous jobs: make worker REDIS_URL=redis://localhost:6379/0
	@exec $(BIN)/flask --app app jobs work

test: $(INSTALLED) $(NODE_INSTALLED) ## run every test that can run on this machine
	$(BIN)/python -m pytest -m 'not slow'

test-slow: $(INSTALLED) $(JAX_INSTALLED) ## run the long tests (an hour), with JAX as Keras's other backend
	$(BIN)/python -m pytest -m slow

bench: $(INSTALLED) ## measure the service against the bare loop and against others (17 minutes)
	$(BIN)/python -m bench

bench-full: $(INSTALLED) ## the same and more pictures, 32 connections, a cold start
	$(BIN)/python -m bench --full

check: $(INSTALLED) ## format, lint, types, then the tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test

format: $(INSTALLED) ## format the code and mend what the linter can
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

clean: ## remove the environment and the tests' models
	rm -rf $(VENV) $(PAGE_TESTS)/node_modules .cache .mypy_cache .ruff_cache .pytest_cache
