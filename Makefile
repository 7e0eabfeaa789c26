# Everything runs from a fresh clone: Linux, Python >= 3.11, git, make and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench ui clean

demo: .venv/ready
	$(BIN)/zs-dagster demo $(if $(JSON),--json $(JSON))

test: .venv/ready
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# On CPUs, one after the other; each writes its numbers, then all become docs/benchmarks.md.
bench: .venv/ready
	for script in $$(grep -lE '^ +main\("' benchmarks/speed/*.py); do \
		name=$$(basename $$script .py); echo $$name; \
		PYTHONPATH=. $(BIN)/python $$script --quick --json benchmarks/results/$$name.json \
			> /dev/null || exit 1; \
	done
	$(BIN)/python benchmarks/render.py

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
