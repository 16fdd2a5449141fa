# Each command does its own set-up, once; `make` alone lists them.
STACK ?= staging
ARGS ?=
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup plan compliance capacity alarms rights cost up rehearse drill soak test unit prove check actionlint mutate clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'STACK=staging|testing|prod names the environment (default: staging);'
	@echo 'ARGS="..." adds options, as in: make test ARGS="-k redis"'

setup: ## virtual environment, Python packages, and the servers that are missing
	@command -v python3 >/dev/null || { echo 'python3 is missing; on Debian: apt-get install python3' >&2; exit 1; }
	@python3 -m scripts.set_up

plan: setup ## what `up` would create, as a tree; ARGS=--json for all of it
	@$(PY) -m rehearsal plan $(STACK) $(ARGS)

compliance: setup ## write docs/compliance.md: every control, and where each environment stands
	@$(PY) -m rehearsal compliance

capacity: setup ## what ten times the traffic needs; brings docs/capacity.md up to date
	@$(PY) -m rehearsal capacity $(STACK)

alarms: setup ## write docs/alarms.md: every alarm of prod, its numbers and where they are from
	@$(PY) -m rehearsal alarms

rights: setup ## write docs/rights.md: what each role of bootstrap may do
	@$(PY) -m rehearsal rights

cost: setup ## what a month of it costs; ARGS="--against plan.json" compares with another plan
	@mkdir -p .cache && $(PY) -m rehearsal plan $(STACK) --json > .cache/plan.json && $(PY) -m costs .cache/plan.json $(ARGS)

up: setup ## the environment on this machine, until Ctrl-C
	@$(PY) -m rehearsal up $(STACK) $(ARGS)

rehearse: setup ## the environment on this machine, and releases good and bad under real traffic
	@$(PY) -m rehearsal run $(STACK) $(ARGS)

drill: setup ## the environment on this machine, its database and cache restored under load
	@$(PY) -m rehearsal drill $(STACK) $(ARGS)

soak: setup ## cutover after cutover under a million requests, and the figures; takes an hour
	@$(PY) -m rehearsal soak $(STACK) $(ARGS)

test: setup ## every test but the long proofs, those with real servers included
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not proof' $(ARGS)

unit: setup ## cutover's units, and its simulation: 10,000 interleavings
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not proof and not emulated' tests/test_cutover_*.py $(ARGS)
	@$(PY) -m pytest -n 2 --dist loadgroup tests/test_cutover_simulation.py

# Three at once on two cores: one of them rehearses, and mostly waits.
prove: setup ## cutovers by the thousand, interleaved with what goes wrong, and killed at every call
	@$(PY) -m pytest -n 3 --dist loadgroup -m proof $(ARGS)

check: setup ## linter, format and types; what is unsafe in workflows and Dockerfiles
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m basedpyright
	@.venv/bin/zizmor --offline --quiet --no-progress .github
	@.venv/bin/hadolint images/nginx/Dockerfile images/pgbouncer/Dockerfile examples/webapp/Dockerfile

actionlint: ## syntax and types of the workflows; needs Go
	@command -v go >/dev/null || { echo 'go is missing; actionlint comes as a Go module: https://go.dev/doc/install' >&2; exit 1; }
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

mutate: setup ## change the program in one place at a time: which change does no test see?
	@$(PY) -m scripts.mutate $(ARGS)

clean: ## remove the virtual environment, caches and reports
	@rm -rf .venv .cache .pytest_cache .ruff_cache .hypothesis report.json report.html
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
