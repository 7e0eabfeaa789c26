# Everything runs from a fresh clone: Linux, Python >= 3.11, git, make and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check ui clean

demo: .venv/ready
	$(BIN)/zs-dagster demo $(if $(JSON),--json $(JSON))

test: .venv/ready
	$(BIN)/python -m pytest -q

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

ui: demo
	$(BIN)/zs-dagster ui

clean:
	rm -rf .venv .zs

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@
