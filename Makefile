# Sets Rackdeck up in .venv, runs it, tests it. `make help` lists the targets.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
export MUSIC ?=
UP ?=
PYTEST ?=
WORKERS ?= 2
KILLS ?= 2000

.DEFAULT_GOAL := help
.PHONY: help setup run test check nightly lint bench clean crate page
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYX := $(wildcard dsp_cython/*.pyx dsp_cython/*.pxd)
HEADERS := $(wildcard dsp_cython/*.h)
PAGE := companion/page
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/static $(PAGE)/build.mjs -type f)
TOGETHER := --numprocesses $(WORKERS) --dist loadgroup
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  make run MUSIC=~/Music       show a folder of your own first, and compose no demo crate'
	@echo '  make run UP="--no-display"   pass options to `rackdeck up`'

setup: $(DONE)/built $(DONE)/page crate ## install what is missing, build the engine and the page, compose the demo crate

# The shell outlives a Ctrl-C, to say how the box ended: well, as a rule, and then make adds no error of its own.
run: $(DONE)/built $(DONE)/page $(if $(MUSIC),,crate) ## set up, then start the box; Ctrl-C stops it
	@trap : INT; $(BIN)/rackdeck up $${MUSIC:+--music "$$MUSIC"} $(UP)

test: $(DONE)/test-packages setup lint ## set up, then run every check and every test
	$(BIN)/python -m pytest $(TOGETHER) $(PYTEST)

check: $(DONE)/test-packages $(DONE)/built $(DONE)/page lint ## the quick part of `make test`
	$(BIN)/python -m pytest -q -m "not slow and not live" $(TOGETHER) $(PYTEST)

nightly: $(DONE)/test-packages setup ## kill, cut, fill and forge for hours (KILLS=2000), then measure how box and companion stay in step
	RACKDECK_KILLS=$(KILLS) $(BIN)/python -m pytest -m faults $(PYTEST)
	$(BIN)/rackdeck bench --only sync

lint: $(DONE)/built $(DONE)/page-packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint dsp_cython # it calls pycodestyle by name
	$(BIN)/lint-imports
	npm --prefix $(PAGE) run --silent check

bench: setup ## measure: time per period, latency, decoding, rendering
	$(BIN)/rackdeck bench

crate: $(DONE)/built
	@$(BIN)/rackdeck crate

page: $(DONE)/page ## build the page that the companion serves

clean: ## remove what `setup` built; music, recordings and the home stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(PAGE)/dist $(PAGE)/node_modules
	rm -f dsp_cython/*.so dsp_cython/*.c
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(DONE)/packages: provisioning/install.sh
	@provisioning/install.sh
	@mkdir -p $(DONE) && touch $@

$(DONE)/test-packages: provisioning/install.sh
	@provisioning/install.sh --dev
	@mkdir -p $(DONE) && touch $@

# package.json names every package with its version; what was installed is not kept in the repository.
$(DONE)/page-packages: $(PAGE)/package.json $(DONE)/packages
	@echo 'installing the packages that the page is built with'
	@npm --prefix $(PAGE) install --silent
	@touch $@

$(DONE)/page: $(DONE)/page-packages $(PAGE_SOURCES)
	@npm --prefix $(PAGE) run --silent build
	@touch $@

# The first of these that is new enough and can make environments; setup has just installed Debian's own.
$(DONE)/venv: $(DONE)/packages
	@for python in $(PYTHON) python3.11 python3 /usr/bin/python3; do \
	    $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    echo "making $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) && touch $@ && exit 0; \
	done; \
	echo 'make: Rackdeck needs Python 3.11 or newer; install python3.11 and python3.11-venv, or name one: make PYTHON=…' >&2; exit 1

# The build's own requirements live in the environment, so that a changed .pyx is built again without a download.
# Compiler options and headers reach every module: all are built again when they change.
$(DONE)/requirements: pyproject.toml $(HEADERS) $(DONE)/venv
	@echo 'installing Python packages (some minutes the first time)'
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' > $@.txt
	@$(PIP) -r $@.txt
	@rm -rf build dsp_cython/*.c
	@touch $@

# With the folders that its settings name, the build keeps what it compiled: one changed module takes seconds.
$(DONE)/built: $(DONE)/requirements $(PYX)
	@echo 'building the engine (about two minutes the first time)'
	@rm -rf *.egg-info # a stale one in the working folder would hide the installed entry points
	@printf '[build_ext]\nbuild_lib=build/lib\nbuild_temp=build/temp\n' > $@.cfg
	@DIST_EXTRA_CONFIG='$(CURDIR)/$@.cfg' $(PIP) --no-build-isolation -e '.[device,companion,s3,redis,dev]'
	@touch $@
