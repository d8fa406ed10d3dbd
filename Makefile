# Needs Python 3.11 or later and make; everything else is installed into .venv, by hash.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXAMPLE := semantic_models/examples/flights
UPGRADE ?=
DUCKDBS := $(VENV)/duckdb-1.4.4/.ready $(VENV)/duckdb-2.0.0/.ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--exclude-newer "7 days" --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-all fuzz security check suite tpc scoreboard bench lock clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## make .venv with everything that the other targets need
	@:

# The project goes in last: sync would take it out again.
$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start the server on the demo project, ask it, print the answers, stop
	@$(BIN)/forebay demo --once

serve: $(READY) ## serve the demo project until interrupted
	@$(BIN)/forebay serve --anonymous --project $(EXAMPLE)

test: $(READY) ## run the fast tests
	@$(BIN)/pytest -q -n 2 -m "not slow"

test-all: $(READY) ## run every test, and tell what they cover
	@$(BIN)/pytest -q -n 2 --cov

check: $(READY) ## format, lint, types, import contracts, spelling, dependencies
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/deptry .

fuzz: $(READY) ## ask N random questions of the compiler and of loops over rows: N=50000 SEED=0
	@$(BIN)/python -m tests.oracle.fuzz

security: $(READY) $(DUCKDBS) ## run the security tests at full size, one line a row: ROWS=S2,S4 N=2000 SEED=0
	@$(BIN)/python -m tests.security

# Engines beside the project's own, each in an environment of its own.
$(VENV)/duckdb-%/.ready: tests/security/requirements-duckdb-%.lock $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(@D)/bin/python $<
	@touch $@

suite: $(READY) ## ask the cases of an outside suite: SUITE=name CASES=folder ENGINE=duckdb
	@SUITE='$(SUITE)' CASES='$(CASES)' ENGINE='$(ENGINE)' $(BIN)/python -m tests.suites.runner

tpc: $(READY) ## ask the queries of TPC-H and TPC-DS beside their own SQL: SUITE=tpch SCALE=1
	@SUITE='$(SUITE)' SCALE='$(SCALE)' $(BIN)/python -m tests.tpc

scoreboard: $(READY) ## run the suites and the fuzzer, and write what they find into the docs: N=50000
	@$(BIN)/python -m tests.scoreboard

bench: $(READY) ## measure, one JSON line a benchmark, each beside its floor
	@$(BIN)/python -m benchmarks

lock: $(READY) ## write the locks again; `make lock UPGRADE=--upgrade` takes newer releases
	@$(COMPILE) --all-extras --group dev pyproject.toml -o requirements.lock >/dev/null
	@for each in 1.4.4 2.0.0; do echo "duckdb==$$each" | $(COMPILE) - -o tests/security/requirements-duckdb-$$each.lock >/dev/null; done
	@echo 'uv>=0.13,<0.14' | $(COMPILE) - -o requirements-uv.lock >/dev/null

clean: ## remove .venv and what the tools leave
	@rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
