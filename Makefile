# make demo    build examples/relu for this machine, check it, load it, compare it with Torch
# make test    the whole test suite
# make lint    formatting, lint, types and import contracts
# make docs    the site of the documentation, in dist/docs; links that lead out are listed, not fetched
# make test-installed  the fast suite over both wheels, in an empty environment
# make test-minimum    the same with the lowest versions of all dependencies
# make test-pythons    the same under each interpreter of PYTHONS
# make bench   what we measure ourselves by; BENCH_ARGS="--quick" takes less time
#
# Each makes .venv first. PYTHON chooses the interpreter, TORCH the Torch requirement (a plain requirement or
# anything that `pip install` takes after it):
#
#     make demo PYTHON=python3.12 TORCH=torch==2.12.0

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv

BIN := $(VENV)/bin
PACKAGES := loader/pyproject.toml builder/pyproject.toml requirements-dev.txt
# The stamp's name holds the requirement, so that another TORCH or PYTHON installs again and the same one does not.
STAMP := $(VENV)/.installed-$(shell printf '%s' '$(PYTHON) $(TORCH)' | cksum | tr -d ' ')
# Tells whether .venv is whole and that of PYTHON: the same Python, and a pip to install with.
IDENTITY := import sys; print(sys.version, sys.base_prefix)

.PHONY: help demo test test-installed test-minimum test-pythons lint format docs bench clean install

help:
	@sed -n 's/^# \(make [a-z-]* .*\)/\1/p' Makefile

install: $(STAMP)

$(STAMP): $(PACKAGES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or later is needed; choose one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test "$$($(BIN)/python -c 'import pip; $(IDENTITY)' 2>&1)" = "$$($(PYTHON) -c '$(IDENTITY)' 2>&1)" || \
		$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "Python could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@rm -f $(VENV)/.installed-*
	$(BIN)/python -m pip install --quiet $(foreach word,$(TORCH),'$(word)') numpy
	$(BIN)/python -m pip install --quiet --editable loader --editable builder --requirement requirements-dev.txt
	@touch $@

demo: $(STAMP)
	@$(BIN)/python scripts/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

# Torch's own wheels differ from Python to Python: without TORCH_INSTALLED, what needs Torch is left out and counted.
PYTHONS ?= python3.10 python3.11 python3.12 python3.13 python3.14
TORCH_INSTALLED ?=
CHECK_INSTALLED = $(BIN)/python scripts/check_installed.py $(if $(TORCH_INSTALLED),--torch '$(TORCH_INSTALLED)')

test-installed: $(STAMP)
	$(CHECK_INSTALLED) $(PYTHON)

test-minimum: $(STAMP)
	$(CHECK_INSTALLED) --minimum $(PYTHON)

test-pythons: $(STAMP)
	$(CHECK_INSTALLED) $(PYTHONS)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck install.sh .ci/run

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

docs: $(STAMP)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs dist/docs
	@echo "dist/docs/index.html; links that lead out, not fetched:"
	@cat dist/docs/outside-links.txt

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

clean:
	rm -rf $(VENV) examples/*/build examples/*/.kernel-builder
