# The commands of README.md. PYTHON: an interpreter 3.11 or newer; BIN: another environment's bin folder (conda).
PYTHON ?= python3
VENV := .venv
BIN ?= $(VENV)/bin
READY := $(VENV)/ready

.DEFAULT_GOAL := help
.PHONY: help environment reproduce test spark validate site lab clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is built from hashes only, and again whenever the lock changes.
$(READY): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	"$(PYTHON)" -m venv "$(VENV)"
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch "$(READY)"

ifeq ($(BIN),$(VENV)/bin)
environment: $(READY) ## build the environment from the lock file, if it is missing
else
environment:
	"$(BIN)/python" -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
endif

reproduce: environment ## run the whole study: every table and figure is written anew
	"$(BIN)/python" -m cluster_anatomy run
	"$(BIN)/python" -m cluster_anatomy archive

test: environment ## unit tests, runs of small studies, nbval on the committed notebooks
	"$(BIN)/python" -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# The same study with Spark beside it, in an environment of its own: 450 MB that only large registers need.
SPARK := .venv-spark
$(SPARK)/ready: requirements-spark.lock pyproject.toml
	"$(PYTHON)" -m venv "$(SPARK)"
	"$(SPARK)/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-spark.lock
	"$(SPARK)/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch "$(SPARK)/ready"

spark: $(SPARK)/ready ## build .venv-spark (needs Java 17) and test that both engines agree
	"$(SPARK)/bin/python" -m pytest -q -m spark

validate: environment ## check the metadata for archives with the standards' own schemas and tools (network)
	"$(BIN)/python" -m cluster_anatomy check
	"$(BIN)/python" -m cluster_anatomy check --standards

site: environment ## build site/: static pages that open from disk, with the explorer of firms
	"$(BIN)/python" -m cluster_anatomy site

lab: environment ## open JupyterLab on the overview; saving keeps what nobody changed
	"$(BIN)/jupyter" lab --config=jupyter_server_config.py

clean: ## remove the environment, the site and everything under build/
	rm -rf "$(VENV)" "$(SPARK)" build site
