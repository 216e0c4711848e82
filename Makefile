# Daily habits. `./run` and `./test` are the two commands a newcomer needs; these are shorthands for those who stay.
PY := .venv/bin/python
.PHONY: lock lint types unit

lock:   ## rewrite the lock files from pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras pyproject.toml -o requirements-test.lock
lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports
types:
	.venv/bin/mypy
unit:
	.venv/bin/pytest -q -m "not integration and not browser"
