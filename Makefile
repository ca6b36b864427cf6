# Everything a fresh machine needs beyond Python 3.11 and make is set up by these targets.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
OPPONENTS := .venv-opponents
ARGS ?=

.PHONY: demo test lint unit bench wheel-check detectors clean

$(READY): locks/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: $(READY)  ## real Kafka, workers and a Mixpanel stand-in on this machine; ARGS="--once" for one pass
	$(BIN)/coppice demo $(ARGS)

test: lint unit wheel-check  ## everything CI runs

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry pipeline

unit: $(READY)
	$(BIN)/python -m pytest $(ARGS)

wheel-check: $(READY)  ## build the wheel, install it into an empty environment, run it
	$(BIN)/python tools/check_wheel.py

bench: $(READY)  ## every figure beside its baseline, into benchmarks/reports/latest.json
	$(BIN)/python -m benchmarks $(ARGS)

detectors: $(READY) $(OPPONENTS)/.ready  ## measure Presidio and the detectors on one corpus, into docs/detectors.md
	$(OPPONENTS)/bin/python -m benchmarks.opponents.presidio_scan
	$(BIN)/python -m benchmarks.detector_table

$(OPPONENTS)/.ready: locks/opponents.txt
	$(PYTHON) -m venv $(OPPONENTS)
	$(OPPONENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/opponents.txt
	touch $@

clean:
	rm -rf .venv .venv-opponents build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
