# Each target first sets up .venv from hash-locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
# Compile as an installation does. Otherwise the first start compiles, or every start if Python may not write there.
COMPILE := $(BIN)/python -m compileall -q probe exporters simulator
# Two workers per processor, because many tests wait. tests/conftest.py starts the longest first.
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
# Cache rewritten asserts even if Python is set to write no bytecode; otherwise each worker rewrites them each time.
# Debian's servers are in sbin, which is not in an ordinary user's PATH.
PYTEST = PATH="$$PATH:/usr/sbin:/sbin" PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)
FUZZ_EXAMPLES ?= 200000
FUZZ_EXAMPLES_OF_ALL ?= 10000
NO_VENV = "Python has no venv: install python3-venv (Debian: apt install python3-venv)"
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header

.PHONY: demo test test-all check lint fuzz format golden pages recording bench mutants lock audit release clean
demo: $(VENV)/demo.stamp
	$(BIN)/python -m probe demo $(DEMO_FLAGS)

# All tests except those marked `long`.
test: $(VENV)/dev.stamp
	$(PYTEST) --hypothesis-profile short -m "not long"

# The tests marked `long` (more inputs, every alert), and a short fuzzing run.
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

# 200,000 examples over all of tests/fuzz: about twenty minutes of processor time.
fuzz: $(VENV)/dev.stamp
	XKS_PROBE_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/fuzz -q -n auto --timeout 7200 --hypothesis-show-statistics

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

# Rewrite the expected output in tests/golden. Read the diff before you commit it.
golden: $(VENV)/dev.stamp
	XKS_PROBE_GOLDEN=write $(BIN)/python -m pytest -q $$(grep -rl --include='test_*.py' 'import golden_files' tests)

# Rewrite the pages, drawings and schemas that are generated from the code.
pages: $(VENV)/dev.stamp
	$(BIN)/python tools/pages.py

# Record ten minutes of a healthy agent again, for tests/deploy/test_healthy_day.py. Nothing else should run meanwhile.
recording: $(VENV)/dev.stamp
	cd tests && ../$(BIN)/python -m support.network.healthy_recording deploy/healthy_ten_minutes.txt

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

lock:  # needs `uv`; writes no index URL
	$(LOCK) --extra demo --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --group mutants -o requirements/mutants.txt
	$(LOCK) --extra demo -c requirements/dev.txt pyproject.toml -o requirements/demo.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	$(LOCK) -c requirements/dev.txt --group build -o requirements/build.txt

clean:
	rm -rf $(VENV) dist build

# Look up known vulnerabilities of the locked packages. Also fails if they could not be looked up (exit status 3).
audit: $(VENV)/dev.stamp
	$(BIN)/python tools/audit.py

# Build wheel, source distribution, wheelhouse, SBOM, image and checksums of the last commit in dist/: docs/releasing.md.
release: $(VENV)/dev.stamp
	$(BIN)/python tools/release.py

# Mutation tests: about half an hour on two processors. FOLDER=signing runs one folder.
mutants: $(VENV)/mutants.stamp
	$(BIN)/python tools/mutants.py $(FOLDER)
