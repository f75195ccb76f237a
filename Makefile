# Menshen's commands. `make demo` and `make test` do all set-up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup demo test lint format bench lock models clean

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements/dev.txt pyproject.toml tools/bootstrap
	@PYTHON="$(PYTHON)" tools/bootstrap $(VENV)

setup: $(READY)  ## Make .venv with menshen in it

models: setup  ## Fetch the model packs the tests and the demo use
	@$(BIN)/menshen models fetch

demo: models  ## Set up, render actors, start the server on this machine, compare two pairs
	@$(BIN)/menshen demo

test: models  ## Lint, types, import floors, all tests
	@tools/system-packages
	@$(MAKE) --no-print-directory lint
	@MENSHEN_REQUIRE_MODELS=1 $(BIN)/python -m pytest -q

lint: setup  ## Style, security rules, types, import floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup  ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: models  ## Measure everything that is published, beside the peers (about 20 minutes)
	@BIN=$(BIN) tools/bench

lock: setup  ## Resolve requirements anew, with hashes and without naming any index
	@$(BIN)/pip install -q uv && tools/lock $(BIN)/uv

clean:  ## Remove what was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .demo
