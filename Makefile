# Every recipe prepares what it needs; `make demo` and `make test` work on a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
BUILT_FROM := pyproject.toml setup.py src/trunkline/wire/_usual.c

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: demo test browser chaos soak memory check lint types mutants bench docs picture clean

demo: $(VENV)/.installed        ## watch the embedded server in this terminal
	$(BIN)/trunkline demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(VENV)/.developed        ## run every test of the default run
	$(BIN)/python -m pytest -n 3

browser: $(VENV)/.developed     ## install Chromium (Debian) and axe-core, and run the tests of the page
	command -v chromedriver || $(SUDO) apt-get install --yes chromium chromium-driver
	test -d node_modules/axe-core || npm install --no-save --no-package-lock axe-core
	$(BIN)/python -m pytest -p no:xdist tests/browser

chaos: $(VENV)/.developed       ## 200 faults over 100,000 events, and nothing may be lost
	$(BIN)/python -m tests.chaos $(CHAOS)

soak: $(VENV)/.developed        ## 100 subscriptions, 10 servers of which 3 misbehave; SECONDS=600
	$(BIN)/python -m tests.soak $(if $(SECONDS),--seconds $(SECONDS)) $(SOAK)

memory: $(VENV)/.developed      ## record EVENTS=10000000 tiny events, and memory may not grow
	$(BIN)/python -m tests.sinks.memory $(if $(EVENTS),--events $(EVENTS)) $(MEMORY)

check: lint types test          ## formatting, lint, spelling, strict types, tests

lint: $(VENV)/.developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell src tests docs examples README.md CHANGELOG.md CONTRIBUTING.md

types: $(VENV)/.developed
	$(BIN)/mypy

mutants: $(VENV)/.developed     ## put plausible bugs into copies; each must make its test fail
	$(BIN)/python -m tests.mutants $(MUTANTS)

bench: $(BENCH_VENV)/.installed  ## measure against the floor and against other clients
	$(BENCH_VENV)/bin/python -m bench $(BENCH)

picture: $(VENV)/.developed     ## draw docs/assets/demo.svg anew
	$(BIN)/python docs/make_demo_svg.py

docs: $(VENV)/.developed        ## build the documentation into site/
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(BENCH_VENV) build site src/trunkline/wire/*.so

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BUILT_FROM) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.developed: $(BUILT_FROM) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.installed

$(BENCH_VENV)/.installed: $(BUILT_FROM)
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[bench]'
	touch $@
