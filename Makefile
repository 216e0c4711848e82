# Daily habits. `./run` and `./test` are the two commands a newcomer needs; these are shorthands for those who stay.
PY := .venv/bin/python
.PHONY: help lock lint format types unit integration browser fuzz-media fuzz-phone test web fresh-machine docker-steps bench-forwarding bench-queue chaos-queue soak-media histories chaos pictures clean

help:   ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
lock:   ## rewrite the lock files from pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras pyproject.toml -o requirements-test.lock
	$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["compile"], sep="\n")' \
		| uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate -c requirements-test.lock - -o requirements-compile.lock
format: ## let ruff format and mend
	$(PY) -m ruff format . && $(PY) -m ruff check --fix .
lint:   ## style and import contracts
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && .venv/bin/lint-imports
types:  ## mypy, strict
	$(PY) -m mypy
unit:   ## the tests that start nothing
	$(PY) -m pytest -q -m "not integration and not browser"
integration: ## real Redis, aiortc peers, SIP phones
	$(PY) -m pytest -q -m integration
browser: ## Chromium through whole calls
	$(PY) -m pytest -q -m browser
fuzz-media: ## malformed RTP, RTCP, STUN and DTLS by the hundred thousand on a live call
	$(PY) -m benchmarks.malformed
fuzz-phone: ## mutated SIP, RTP, RTCP and text by the hundred thousand at a phone worker in a call
	$(PY) -m benchmarks.malformed_phone
test:   ## everything, as ./test
	./test
web:    ## rebuild the pages and their types from the sources
	web_client/check --write
fresh-machine: ## a bare Debian 12: ./run, ./run doctor, ./run rehearse, ./test (root, debootstrap, about 4 GB in /var/tmp)
	tests/fresh_machine/run.sh
docker-steps: ## the Dockerfile's steps without Docker (root, debootstrap, about 4 GB in /var/tmp)
	tests/fresh_machine/docker_steps.py
bench-forwarding: ## media worker, Janus and the plain way: CPU, delay, loss (docs/benchmarks.md)
	$(PY) -m benchmarks.forwarding --json
bench-queue: ## assignments a second and time from free to alerting, up to 10 000 interpreters and 100 000 waiting
	$(PY) -m benchmarks.assignment --json
chaos-queue: ## ten minutes of processes of the queue and its Redis killed at random: is a request lost?
	$(PY) -m benchmarks.queue_chaos --minutes 10 --json
soak-media: ## an hour of 20 calls through one media worker: is its memory flat?
	$(PY) -m benchmarks.soak --minutes 60
histories: ## HISTORIES=5000 random histories of the queue, processes dying between any two commands
	HISTORIES=$(or $(HISTORIES),5000) $(PY) -m pytest -q --timeout 0 tests/interpreter_queue/test_histories.py
chaos:  ## MINUTES=10 of a whole centre whose processes and Redis are killed and stopped at random
	$(PY) -m benchmarks.chaos --json --minutes $(or $(MINUTES),10)
pictures: ## docs/images anew, from a whole call in two Chromiums
	$(PY) -m tests.browser.readme_pictures
clean:  ## caches and build leftovers; keeps .venv and var
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
