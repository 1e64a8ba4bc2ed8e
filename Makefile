# make demo          run the pipeline on this machine: real Kafka and PostgreSQL, simulated events, figures
# make test          all checks and tests (make check: only static checks, which start no server)
# make bench         benchmarks
# make screenshots   the pictures in docs/images, from the run of `make demo`
# make secrets       create missing keys and passwords of docker-compose.yml as files in secrets/
# make compose-test  start docker-compose.yml, inject faults, compare the figures, remove it
# make clean         stop the runs of this folder and remove all generated files

SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.installed
export UV_PYTHON_DOWNLOADS := never

# An engine and substitute images for machines without Docker or a registry; used when no Docker answers.
export DOCKER_BED_TOOLS ?= ../shared/tools/docker

.PHONY: ready browser prometheus demo test check bench screenshots secrets compose-test clean

ready: $(READY)

$(READY): requirements.lock pyproject.toml .ci/install
	@PYTHON="$(PYTHON)" .ci/install

# Chromium for tests/browser; takes no time when there is one.
browser:
	@.ci/browser

demo: $(READY)
	@$(BIN)/python -m deploy.demo

# prometheus and promtool for tests/prometheus; takes no time when there are some.
prometheus:
	@.ci/prometheus

# Three parallel processes, each with its own Kafka and PostgreSQL: on two cores, one goes on while another waits for a
# fault to be noticed. A process takes a whole file, whose fixtures are then made once, in the order of tests/conftest.py.
test: check browser prometheus
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore=tests/bench

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: $(READY)
	$(BIN)/python -m tests.bench --write docs/benchmarks.md

screenshots: $(READY) browser
	$(BIN)/python -m tests.browser.screenshots

secrets:
	@deploy/secrets

compose-test: $(READY)
	@tests/compose/run

clean:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.embedded.clean .hva .hva/demo; fi
	rm -rf .hva .venv .uv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
