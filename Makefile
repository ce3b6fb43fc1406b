# Targets for people and for the continuous integration alike. `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
RUN := .venv/bin/sans-faute
PYTEST := $(PYTHON) -m pytest
# `make test ARGUMENTS="-k letter -x"`
ARGUMENTS ?=
# what a plain test run leaves out
NOT_NOW := not slow and not bench
# one process a processor, at most four: each of them starts servers of its own
TOGETHER := --numprocesses auto --maxprocesses 4 --dist loadgroup

.PHONY: help
help: ## Say what there is
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

## To see it and to run it (each does its own set-up)
.PHONY: demo
demo: setup ## The people of the study live a fortnight, in about a minute
	@$(RUN) demo $(ARGUMENTS)

.PHONY: up
up: setup ## Everything until Ctrl-C, with embedded Kafka and PostgreSQL unless configured
	@$(RUN) up $(ARGUMENTS)

.PHONY: doctor
doctor: setup ## Say what is missing on this machine and how to get it
	@$(RUN) doctor $(ARGUMENTS)

## To work on it
.PHONY: setup
setup: ## Get what is missing: Java, Maven, PostgreSQL, uv, .venv
	@infra/setup

.PHONY: setup-tests
setup-tests:
	@infra/setup tests

.PHONY: test
test: setup-tests ## The tests, on real Kafka and PostgreSQL
	@$(PYTEST) -m "$(NOT_NOW)" $(TOGETHER) $(ARGUMENTS)

.PHONY: test-fast
test-fast: setup ## The tests that need no server and no browser
	@$(PYTEST) -m "$(NOT_NOW) and not stack and not browser" $(TOGETHER) $(ARGUMENTS)

.PHONY: test-slow
test-slow: setup-tests ## The tests that take long
	@$(PYTEST) -m "slow and not bench" $(ARGUMENTS)

.PHONY: bench
bench: setup-tests ## How fast it is, beside its peers; ARGUMENTS="--quick --rows flood"
	@$(PYTHON) -m tests.benchmarks $(ARGUMENTS)

.PHONY: flood
flood: setup-tests ## One opening day for 6.5 million people, an appointment a second meanwhile; ARGUMENTS="--people 100000 --plans"
	@$(PYTHON) -m tests.benchmarks.crowd $(ARGUMENTS)

.PHONY: chaos
chaos: setup-tests ## Everything goes wrong, and what may never happen is counted; ARGUMENTS="--seed 7 --obligations 2000 --faults 40"
	@$(PYTHON) -m tests.chaos $(ARGUMENTS)

.PHONY: lint
lint: setup ## Style, format, types, import rules, texts
	@echo "ruff" && .venv/bin/ruff check --quiet . && .venv/bin/ruff format --quiet --check .
	@echo "mypy --strict" && .venv/bin/mypy --no-error-summary
	@mkdir -p .tools; echo "import rules" && .venv/bin/lint-imports --no-logo --no-cache >.tools/imports.log || { cat .tools/imports.log; rm .tools/imports.log; exit 1; }
	@rm -f .tools/imports.log
	@echo "texts" && $(PYTHON) -m services.adapters.rendering.checker

.PHONY: format
format: setup ## Put the code into the house's format
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format --quiet .

.PHONY: docs
docs: setup ## Print the pages that are made from the code, and what proves each rule
	@$(PYTHON) -c 'from pathlib import Path; from services.core.explaining.states_page import states_page; Path("docs/states.md").write_text(states_page(), encoding="utf-8")'
	@$(PYTHON) -m tests.architecture.proofs
	@$(RUN) simulate --schema >contracts/scenario.schema.json

.PHONY: check
check: lint setup-tests ## lint, then every test, then the core's coverage: what the CI runs
	@$(PYTEST) -m "$(NOT_NOW)" $(TOGETHER) --cov=services.core --cov-branch --cov-report= $(ARGUMENTS)
	@$(MAKE) --no-print-directory core-coverage

.PHONY: core-coverage
core-coverage: ## Branch coverage of the core in the last `make check`, at least 95 %
	@$(PYTHON) -m coverage report --include='services/core/*' --fail-under=95

.PHONY: mutants
mutants: setup-tests ## Small mistakes put into the core, and who notices; at least 85 %; ARGUMENTS="services.core.ledger*"
	@nice $(PYTHON) -m tests.mutation --fail-under=85 $(ARGUMENTS)

.PHONY: clean
clean: ## Remove what the tools left; the embedded servers' data stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage mutants out
	@find services tests -name __pycache__ -type d -prune -exec rm -rf {} +
