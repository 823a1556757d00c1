# The verbs of the project; each builds the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test quick versions quick-on lanes fuzz slow arm kills check bench validate golden docs clean

help:            ## list the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/nakmd: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(BIN)/nakmd pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/.docs: $(BIN)/nakmd pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

run: $(BIN)/nakmd            ## run the flagship deck: liquid NaK around an N-doped nanotube
	$(BIN)/nakmd run examples/flagship.toml --directory runs/flagship --overwrite

test: $(VENV)/.dev           ## install and pass the tests
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

# The laws of every potential on 8 to 20 atoms, the words of a deck, the shell, the names; one minute once compiled.
QUICK := $(addprefix tests/test_,potential_contract.py deck_checks.py deck_messages.py deck_quantities.py \
	deck_schema.py toml_lines.py names.py files.py cli.py)

quick: $(VENV)/.dev          ## the laws on small cases, the deck, the shell: a minute
	$(BIN)/python -m pytest -m "not slow" -n 2 $(QUICK)

# uv reads the lowest versions from pyproject.toml. A Python that is not installed is replaced by $(PYTHON). Libraries of
# other versions warn of what they will change: no error here.
VERSIONS := $(VENV)-versions
versions:                     ## the quick tests with the lowest and the newest versions of Python and dependencies
	$(PYTHON) -m venv $(VERSIONS)/uv
	$(VERSIONS)/uv/bin/pip install --quiet --disable-pip-version-check uv
	$(MAKE) --no-print-directory quick-on WHICH=lowest FOR=3.11 RESOLUTION=lowest-direct
	$(MAKE) --no-print-directory quick-on WHICH=middle FOR=3.12 RESOLUTION=highest
	$(MAKE) --no-print-directory quick-on WHICH=newest FOR=3.13 RESOLUTION=highest

quick-on:
	$(VERSIONS)/uv/bin/uv venv --quiet --clear --no-python-downloads --python $(FOR) $(VERSIONS)/$(WHICH) \
		|| $(VERSIONS)/uv/bin/uv venv --quiet --clear --python $(PYTHON) $(VERSIONS)/$(WHICH)
	$(VERSIONS)/uv/bin/uv pip install --quiet --python $(VERSIONS)/$(WHICH) --resolution $(RESOLUTION) --editable '.[test]'
	$(VERSIONS)/$(WHICH)/bin/python -c "import sys, numba, numpy; print('$(WHICH):', sys.version, numba.__version__, numpy.__version__)"
	NAKMD_CACHE_DIR=$(CURDIR)/$(VERSIONS)/cache $(VERSIONS)/$(WHICH)/bin/python -m pytest -q -p no:cacheprovider -W default -m "not slow" -n 2 --dist loadgroup $(QUICK) tests/test_io_trajectory.py

fuzz: $(VENV)/.dev           ## 100,000 damaged inputs of every kind: used, or refused with one message; an hour
	$(BIN)/python tests/fuzz/campaign.py 100000 --log fuzz.log

arm: $(VENV)/.dev            ## the vector type and three potentials on emulated 64-bit ARM; needs root, debootstrap, qemu-user-static
	tests/arm/emulate.sh

lanes: $(VENV)/.dev          ## the laws as plain Python, which checks the index of every lane: some minutes
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q tests/test_lane_indices.py tests/test_potential_twins.py tests/test_potential_lists.py

slow: $(VENV)/.dev           ## the physics that takes minutes
	$(BIN)/python -m pytest -m slow

kills: $(VENV)/.dev          ## a hundred SIGKILLs in every phase of a run, each resumed and compared to the bit
	$(BIN)/python tests/kills.py --kills 100

check: $(VENV)/.dev          ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev          ## speed beside LAMMPS and by size: benchmarks/performance/
	$(BIN)/python benchmarks/performance.py
	$(BIN)/python benchmarks/analysis.py
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-disable-gc

validate: $(BIN)/nakmd       ## figures of nak-2026 beside experiment and DFT: what has changed since the stored run
	$(BIN)/nakmd validate nak-2026 --directory potentials/validation/nak-2026

golden: $(VENV)/.dev         ## recompute the stored LAMMPS references
	$(BIN)/python tests/golden/regenerate.py

docs: $(VENV)/.docs          ## build the manual: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "The manual is site/index.html."

clean:           ## remove the environments and what tests leave behind
	rm -rf $(VENV) $(VERSIONS) .pytest_cache .mypy_cache .ruff_cache .hypothesis runs site
