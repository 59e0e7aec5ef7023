# Everything this project needs is fetched or built by these targets; a second run finds it all done.

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs reference pictures image sbom audit synced simulate chaos cluster-test cluster-ready tests-ready demo-ready

# Python is the machine's own (3.11 or newer). What `deploy/setup/uv.sh` installs comes last on PATH.
export UV_PYTHON_DOWNLOADS := never
# Tests start many processes; each would compile all that it imports, for seconds, where nothing may be kept.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(PATH):$(CURDIR)/.tools/bin
PYTHON := .venv/bin/python
# Three files at a time, each with servers of its own process, in the order of tests/conftest.py: two cores stay busy.
PYTEST := $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder
ARGS ?=
MIGRATIONS ?= 1000
SEED ?= 1
SEEDS ?= 1000
START ?= 1

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='...' goes on to demo, test, chaos and cluster-test, e.g. make demo ARGS=--exit, make test ARGS='-k token'"

demo: demo-ready ## Play a whole migration on this machine, and keep its pages up until Ctrl-C
	$(PYTHON) starter.py demo $(ARGS)

test: tests-ready ## Run all tests, on a real Temporal server, SQLite, PostgreSQL and a browser
	$(PYTEST) $(ARGS)

simulate: synced ## Simulate many seeds with faults, e.g. make simulate SEEDS=100000 START=1
	$(PYTHON) -m tests.simulator --seeds $(SEEDS) --start $(START)

chaos: tests-ready ## Kill real processes at random under many migrations, then check, e.g. make chaos MIGRATIONS=1000 SEED=1
	$(PYTHON) -m tests.chaos --migrations $(MIGRATIONS) --seed $(SEED) $(ARGS)

cluster-test: cluster-ready ## Restart and kill processes of a Temporal cluster and of ours under migrations, then check
	$(PYTHON) -m tests.cluster $(ARGS)

check: tests-ready ## Format, lint, types, layers, then all tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(PYTEST) $(ARGS)

format: synced ## Format the code and mend what the linter can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs: synced ## Build the documentation's site into var/site; a broken link is an error
	$(PYTHON) -m docs.site.build

reference: synced ## Write docs/reference anew from the code
	$(PYTHON) -m docs.site.reference

pictures: tests-ready ## Take the pictures of the documents anew: mails, page, terminal, Temporal UI
	$(PYTHON) -m docs.mails.pictures
	$(PYTHON) -m docs.site.terminal_pictures
	$(PYTHON) -m docs.site.ui_picture

image: tests-ready ## Build the image with buildah and run it as an orchestrator does (root on Debian)
	$(PYTHON) -m tests.deploy.image_check

sbom: synced ## Write the bill of materials of what is shipped, CycloneDX with licenses and hashes, into var/sbom.cdx.json
	$(PYTHON) -m deploy.supply.sbom var/sbom.cdx.json

audit: synced ## Ask PyPI for known weaknesses of what is shipped (pip-audit; needs PyPI's own service)
	$(PYTHON) -m deploy.supply.audit

demo-ready:
	@deploy/setup/uv.sh
	@uv sync --quiet --frozen --no-dev --inexact
	@$(PYTHON) -m edition_migration.temporal.local_server --ensure

synced:
	@deploy/setup/uv.sh
	@uv sync --quiet --frozen

tests-ready: synced
	@$(PYTHON) -m edition_migration.temporal.local_server --ensure
	@deploy/setup/chromium.sh

cluster-ready: synced
	@deploy/setup/postgresql.sh
