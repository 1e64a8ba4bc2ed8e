# make demo          the main job on this machine: real Kafka and PostgreSQL, sample events, figures
# make test          all checks and tests (make check: the quick half, without starting anything)
# make bench         how fast it is
# make secrets       keys and passwords of docker-compose.yml, as files in secrets/; never changes one that is there
# make compose-test  starts docker-compose.yml, hurts it, compares its figures, takes it away
# make clean         stop what runs in this folder and remove what these targets made

SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.installed
export UV_PYTHON_DOWNLOADS := never

# An engine and stand-in images for a machine without Docker or a registry; used where no Docker answers.
export DOCKER_BED_TOOLS ?= ../shared/tools/docker

.PHONY: ready demo test check bench secrets compose-test clean

ready: $(READY)

$(READY): requirements.lock pyproject.toml .ci/install
	@PYTHON="$(PYTHON)" .ci/install

demo: $(READY)
	@$(BIN)/python -m deploy.demo

# Two halves beside each other, each with a Kafka and a PostgreSQL of its own.
test: check
	$(BIN)/pytest -q -n 2 --dist worksteal --ignore=tests/bench

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: $(READY)
	$(BIN)/python -m tests.bench --write docs/benchmarks.md

secrets:
	@deploy/secrets

compose-test: $(READY)
	@tests/compose/run

clean:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.embedded.clean .hva .hva/demo; fi
	rm -rf .hva .venv .uv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
