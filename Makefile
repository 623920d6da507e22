# Doorstep. `make up` runs everything; `make test` tests everything. Both set up what they need first.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin

.PHONY: help up test check bench lock clean setup server tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

up: setup ## run everything on this machine until Ctrl-C
	@$(BIN)/doorstep up

test: setup server tools ## all tests, real Temporal server included (ARGS="-k name" for some, -n0 for one process)
	@# bytecode is kept whatever the machine says: tests start hundreds of processes, which compiled all of it each time
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

check: setup ## lint, format, types, import layers, migrations in step with the tables, published journeys unchanged
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/doorstep migrate --check
	@$(BIN)/doorstep versions check

bench: setup server tools ## speed, as ratios in one run; writes .doorstep/bench.json
	@$(BIN)/python -m bench $(ARGS)

lock: setup ## resolve pyproject.toml into requirements.lock (ARGS=--upgrade for newer ones)
	@scripts/lock $(ARGS)

setup: ## create or mend .venv
	@python=$$(scripts/find-python) && "$$python" scripts/bootstrap.py

server: ## find or install the Temporal server
	@$(BIN)/python -m doorstep.server_binaries

tools: setup ## install what the tests use besides: PostgreSQL, docker-compose, promtool (as root on Debian)
	@scripts/test-tools

clean: ## remove .venv and caches (never ./.doorstep, where your data is)
	@rm -rf .venv .venv.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
