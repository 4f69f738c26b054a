# Each target sets up what it needs in .venv, from hash-locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
# As an installation does it: else the first start compiles, and each one where Python may not write.
COMPILE := $(BIN)/python -m compileall -q probe exporters simulator
# Many tests wait: two for each processor. What waits longest starts first (tests/conftest.py sorts them).
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
# Asserts are rewritten once and cached, also where Python is told to cache nothing: else by each worker each time.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)
FUZZ_EXAMPLES ?= 200000
FUZZ_EXAMPLES_OF_ALL ?= 10000
NO_VENV = "Python has no venv: install python3-venv (Debian: apt install python3-venv)"
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header

.PHONY: demo test test-all check lint fuzz format golden pages bench mutants lock audit release clean
demo: $(VENV)/demo.stamp
	$(BIN)/python -m probe demo $(DEMO_FLAGS)

# Everything that a change can break.
test: $(VENV)/dev.stamp
	$(PYTEST) -m "not long"

# What `make test` leaves out: the same with many more inputs, every alert, and a little fuzzing.
test-all: $(VENV)/dev.stamp
	$(PYTEST) -m long
	XKS_PROBE_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES_OF_ALL) $(PYTEST) --timeout 600 tests/fuzz

check: lint
	$(PYTEST) -m "not loopback and not real and not long"

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_tree.py

# Some twenty minutes of one processor, shared by all: 200,000 examples over all of tests/fuzz, and how many each test had.
fuzz: $(VENV)/dev.stamp
	XKS_PROBE_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/fuzz -q -n auto --timeout 7200 --hypothesis-show-statistics

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

# Expected output that is kept in files under tests/golden; read the difference before it is committed.
golden: $(VENV)/dev.stamp
	XKS_PROBE_GOLDEN=write $(BIN)/python -m pytest -q $$(grep -rl --include='test_*.py' 'import golden_files' tests)

# Pages, drawings and schemas that are made from the code.
pages: $(VENV)/dev.stamp
	$(BIN)/python tools/pages.py

bench: $(VENV)/dev.stamp
	$(COMPILE)
	$(BIN)/python -m bench

$(VENV)/bin/python:
	@$(PYTHON) -c '' && { $(PYTHON) -m ensurepip --version >/dev/null 2>&1 || { echo $(NO_VENV) >&2; exit 1; }; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: requirements/demo.txt | $(VENV)/bin/python
	test -e $(VENV)/dev.stamp || $(PIP) -r requirements/demo.txt
	$(COMPILE)
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements/dev.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	$(COMPILE)
	touch $@

$(VENV)/mutants.stamp: requirements/mutants.txt $(VENV)/dev.stamp
	$(PIP) -r requirements/mutants.txt
	touch $@

lock:  # needs `uv`; never writes an index address
	$(LOCK) --extra demo --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --group mutants -o requirements/mutants.txt
	$(LOCK) --extra demo -c requirements/dev.txt pyproject.toml -o requirements/demo.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	$(LOCK) -c requirements/dev.txt --group build -o requirements/build.txt

clean:
	rm -rf $(VENV) dist build

# Known vulnerabilities of the locked packages. Fails also when they could not be looked up (status 3 of the tool).
audit: $(VENV)/dev.stamp
	$(BIN)/python tools/audit.py

# Wheel, source distribution, wheelhouse, SBOM, image and checksums of the last commit, in dist/: docs/releasing.md.
release: $(VENV)/dev.stamp
	$(BIN)/python tools/release.py

# Small changes of the code, each of which a test must notice: half an hour of two processors. FOLDER=signing for one folder.
mutants: $(VENV)/mutants.stamp
	$(BIN)/python tools/mutants.py $(FOLDER)
