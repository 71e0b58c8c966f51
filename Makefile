# make demo: environment, sample study, sweep, dashboard.
# make test: environment, and every test but the long ones: a quarter of an hour on two cores.
# make long: the long ones, which repeat over a whole zoo, every task, every page or many kills what
# make test shows on a few of them.
# make quick: the laws alone, on the smallest networks (exact counts, weights restored, resumed
# sweeps, replay against the plain loop, removal, plans that meet their goal, the store, statistics,
# the structure of the sources), for a verdict while one works.
# make bench: whole tables against peers, for hours; before a release, with make long.
# make docs: the documentation as a site.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Hundreds of processes start in tests: what the first of them compiles is kept for the others.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: demo test long quick faults lint types names docs bench clean

demo: $(VENV)/.ready
	$(BIN)/prunescope demo

test: $(VENV)/.ready-dev
	# one worker more than cores: two fifths of the time go into waiting for browsers and servers
	$(PYTEST) -n $(or $(WORKERS),3) --dist worksteal

long: $(VENV)/.ready-dev
	$(PYTEST) -m long -n $(or $(WORKERS),3) --dist worksteal

quick: $(VENV)/.ready-dev
	$(PYTEST) -m quick -n $(or $(WORKERS),3) --dist worksteal \
		--ignore tests/browser --ignore tests/wheel

# make faults: what people, files and machines can do wrong, all of it, with figures (docs/safety.md).
# A part of it is in make test too.
faults: $(VENV)/.ready-dev
	$(PYTEST) -m faults --long -n $(or $(WORKERS),3) --dist worksteal
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev names
	$(BIN)/mypy

# The folders under the name that they are installed as, for tools that read files: mypy, ctags.
names:
	rm -rf build/names && mkdir -p build/names/prunescope
	cd build/names/prunescope && ln -s ../../../analysis/* ../../../dashboard ../../../sample_models .

docs: $(VENV)/.ready-docs
	$(BIN)/python -m sphinx -q -W --keep-going docs build/docs
	@echo "The documentation is in build/docs/index.html."

bench: $(VENV)/.ready-bench
	$(BIN)/python -m benchmarks

$(VENV)/.ready: pyproject.toml setup.py
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Prunescope needs Python 3.11 or newer; name one: make PYTHON=python3.12')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

$(VENV)/.ready-docs: $(VENV)/.ready
	$(BIN)/pip install --quiet --editable ".[docs]"
	touch $@

$(VENV)/.ready-bench: $(VENV)/.ready-dev
	$(BIN)/pip install --quiet --editable ".[bench]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
