# Everything runs in .venv, which is made from requirements.lock with nothing but Python 3.11 or later and its pip.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: setup fast test fix docs demo bench bench-dynoxide simulate soak package e2e

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
JOBS ?= 2
STAGE ?= dev
ARCHITECTURE ?= arm64
HANDLERS ?=

setup: .venv/.package

fast: setup          ## unit, house and memory tests, a few seconds
	$(BIN)/python -m pytest -q tests/unit tests/house tests/conformance -k "not sqlite and not dynamodb"

test: setup          ## everything a release needs, one after the other; CI runs exactly this
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n $(JOBS)

fix: setup           ## format and autofix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup          ## write the generated pages
	$(BIN)/python -m tests.docs

demo: setup          ## the main job, end to end, on the embedded store
	$(BIN)/python docs/examples/order-fulfilment/demo.py

bench: setup         ## what a command costs
	$(BIN)/python -m tests.bench

bench-dynoxide: setup  ## the meter of `make bench` against the consumed capacity of an independent DynamoDB
	$(BIN)/python -m tests.bench --dynoxide

simulate: setup      ## how hot the hottest key gets at high rates; writes the figures of docs/scale.md
	$(BIN)/python -m tests.simulate --write docs/scale.md

soak: setup          ## the full matrix on every store, and what else takes longer
	$(BIN)/python -m pytest -q -n $(JOBS) -m "soak or not soak" --every-store

package: setup       ## template and bundle for AWS in build/$(STAGE); STAGE=dev|prod ARCHITECTURE=arm64|x86_64 HANDLERS="orders.py ..."
	$(BIN)/python -m infra.package --stage $(STAGE) --architecture $(ARCHITECTURE) --add $(HANDLERS)

e2e: setup .venv-e2e/.lock  ## the packaged stack on an independent AWS, on this machine; STAGE=dev|prod
	STAGE=$(STAGE) $(BIN)/python -m tests.e2e

# The first Python that is new enough and can make environments.
PYTHON ?= python3.11 python3.12 python3.13 python3.14 python3
.venv/bin/python:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then exec "$$python" -m venv .venv; fi; \
	done; \
	echo "Python 3.11 or later with its venv module is needed (Debian and Ubuntu: python3-venv)" >&2; exit 1

# A stamp for each thing that is installed, so that only what changed is installed again.
.venv/.lock: requirements.lock | .venv/bin/python
	@echo "installing requirements.lock into .venv (the first time takes a minute)"
	@$(PIP) install --requirement requirements.lock
	@touch $@

.venv/.package: pyproject.toml .venv/.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# AWS on this machine and the AWS command line need another botocore than the engine: an environment of their own.
.venv-e2e/.lock: tests/e2e/requirements.txt | .venv/bin/python
	@echo "installing tests/e2e/requirements.txt into .venv-e2e"
	@$(BIN)/python -m venv .venv-e2e
	@.venv-e2e/bin/python -m pip --quiet --disable-pip-version-check install --requirement $<
	@touch $@
