# Everything a fresh machine needs beyond Python 3.11 and make is set up by these targets.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
OPPONENTS := .venv-opponents
MUTATION := .venv-mutation
COMPILED := .venv-compiled
ARGS ?=
# Processes that run tests, each with a broker of its own; much of a test is waiting, so two fill two cores well. The
# seed lets sets iterate alike in all of them, as the names of the tests must; it is another one each time.
TESTERS ?= 2

.PHONY: demo test lint unit bench chaos wheel-check compiled compiled-check detectors mutation sbom pictures clean

$(READY): locks/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: $(READY)  ## real Kafka, workers and a Mixpanel stand-in on this machine; ARGS="--once" for one pass
	$(BIN)/coppice demo $(ARGS)

test: lint unit wheel-check compiled-check  ## everything CI runs

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry pipeline

unit: $(READY)
	PYTHONHASHSEED=$$(date +%S) $(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(ARGS)

wheel-check: $(READY)  ## build the wheel, install it into an empty environment, run it
	$(BIN)/python tools/check_wheel.py

compiled: $(COMPILED)/.ready  ## the wheel with the core compiled, in build/compiled and .venv-compiled; needs a C compiler

# what the tests need beside it comes from .venv; the sources come last on the path, for what imports tests and benchmarks
$(COMPILED)/.ready: $(READY) tools/compiled_wheel.py $(shell find pipeline schemas -type f -not -name '*.pyc')
	rm -rf build/compiled $(COMPILED)
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=true $(BIN)/python -m build --wheel --no-isolation --outdir build/compiled
	$(PYTHON) -m venv $(COMPILED)
	$(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps build/compiled/*.whl
	( $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; pwd ) \
		> "$$($(COMPILED)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	touch $@

# without the safe path, or with a pythonpath, the sources in this directory would be tested once more
compiled-check: $(READY)  ## the core's and the detectors' tests on the compiled wheel, where there is a C compiler
	lacking=$$($(BIN)/python tools/compiled_wheel.py); case $$? in \
		0) $(MAKE) --no-print-directory compiled && PYTHONSAFEPATH=1 $(COMPILED)/bin/python -m pytest -n $(TESTERS) \
			--dist loadfile -o pythonpath= -p no:cacheprovider -q --built compiled tests/core tests/detect tests/policy \
			tests/policy_tools tests/compiled ;; \
		3) echo "compiled-check: $$lacking here, so the compiled wheel is neither built nor tested" ;; \
		*) exit 1 ;; \
	esac

chaos: $(READY)  ## faults at random under load, everything accounted for; ARGS="--seed N --faults 50"
	$(BIN)/python -m pipeline.sandbox.chaos $(ARGS)

bench: $(READY)  ## every figure beside its baseline, into benchmarks/reports/latest.json
	$(BIN)/python -m benchmarks $(ARGS)

detectors: $(READY) $(OPPONENTS)/.ready  ## measure Presidio and the detectors on one corpus, into docs/detectors.md
	$(OPPONENTS)/bin/python -m benchmarks.opponents.presidio_scan
	$(BIN)/python -m benchmarks.detector_table

sbom: $(READY)  ## bill of materials of what a container holds, into build/sbom.json
	mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-file build/sbom.json locks/runtime.txt

pictures: $(READY)  ## dashboards, and what they show over a minute of the demo, into docs/pictures
	$(BIN)/python -m tools.dashboards
	$(BIN)/python -m tools.panel_pictures

mutation: $(READY) $(MUTATION)/.ready  ## mutate core and detect, see which mutants the tests let live; hours on two cores
	PYTHONHASHSEED=0 $(MUTATION)/bin/mutmut run $(ARGS)

# apart from the rest, since it wants another click than Faust does; what it runs comes from .venv
$(MUTATION)/.ready: locks/mutation.txt $(READY)
	$(PYTHON) -m venv $(MUTATION)
	$(MUTATION)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/mutation.txt
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(MUTATION)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	touch $@

$(OPPONENTS)/.ready: locks/opponents.txt
	$(PYTHON) -m venv $(OPPONENTS)
	$(OPPONENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/opponents.txt
	touch $@

clean:
	rm -rf .venv .venv-compiled .venv-opponents .venv-mutation mutants build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
