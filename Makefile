# Everything a newcomer runs. Only Python and make are needed; the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header

.PHONY: demo test lint check bench serve lock clean

demo: $(READY)  ## set up and live ten working days with a made-up company
	$(BIN)/coachsync demo

test: $(READY)  ## set up and pass all tests
	$(BIN)/python -m pytest

lint: $(READY)  ## style, formatting and the direction of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check: lint  ## lint, types, contracts, tests
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(READY)  ## the measurements of docs/benchmarks.md
	$(BIN)/python -m bench

serve: $(READY)  ## a sandbox Salesforce to try things on
	$(BIN)/coachsync sandbox --port 8443 --company 7

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

lock:  ## pin and hash what is installed, and what of it the image needs, naming no index
	$(COMPILE) --extra dev --extra bench --output-file requirements.lock pyproject.toml
	$(COMPILE) --all-build-deps --constraint requirements.lock --output-file requirements-run.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
