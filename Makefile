# Every recipe sets up what it needs first; with nothing to do, set-up is silent and takes well under a second.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
JUDGES := .judges
AIRFLOW := .airflow
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PARSED := dbt_project/target
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# Compiled once at installation, not at each of the many starts of a command, a test or an Airflow task.
export UV_COMPILE_BYTECODE := 1

.PHONY: help run test test-faults test-airflow lint build docs graphs grafana grafana-dashboards grafana-pictures chromium serve airflow bench lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/uv: requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11, or call make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# The locks carry hashes; the project itself is installed editable, without fetching anything.
define install
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
endef

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/uv
	$(call install,requirements/run.txt)

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/uv
	$(call install,requirements/dev.txt)
	@touch $(VENV)/.run

# The judges of the dbt project need other pins of click than what builds.
$(JUDGES)/.done: requirements/judges.txt | $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(JUDGES)
	$(BIN)/uv pip install --quiet --python $(JUDGES)/bin/python --require-hashes -r requirements/judges.txt
	@touch $@

# Airflow with everything that its tasks run, apart from the rest: only what orchestrates needs it.
$(AIRFLOW)/.done: requirements/airflow.txt pyproject.toml | $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(AIRFLOW)
	$(BIN)/uv pip install --quiet --python $(AIRFLOW)/bin/python --require-hashes -r requirements/airflow.txt
	$(BIN)/uv pip install --quiet --python $(AIRFLOW)/bin/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.serve: requirements/serve.txt $(VENV)/.run
	$(call install,requirements/serve.txt)

run: $(VENV)/.run  ## simulate a synthetic Peru into data/ (once), collect from its APIs and run the main job on it
	@test -f data/SYNTHETIC.json || $(BIN)/qhawaq simulate --api truth/api
	@test -f data/collected.json || $(BIN)/python -m warehouse.country.api truth/api -- $(BIN)/qhawaq collect --today 2025-12-05
	$(BIN)/qhawaq run

build: $(VENV)/.run  ## build dbt nodes in data/: make build SELECT=child_attendance
	$(BIN)/qhawaq build $(if $(SELECT),--select "$(SELECT)")

serve: $(VENV)/.serve  ## answer predictions and children's pages of data/ over HTTP on 127.0.0.1
	$(BIN)/qhawaq serve

airflow: $(AIRFLOW)/.done  ## start Airflow on 127.0.0.1 for data/ with a generated password, and print the address
	$(AIRFLOW)/bin/python -m deploy.airflow

test-airflow: $(AIRFLOW)/.done $(VENV)/.dev  ## the graphs, and a real scheduler that refreshes, trains, deploys, fails and is killed (GRAPHS=1: without it)
	QHAWAQ_AIRFLOW_PYTHON=$(abspath $(AIRFLOW))/bin/python $(BIN)/pytest -q -m "airflow$(if $(GRAPHS), and not scheduler)"

graphs: $(AIRFLOW)/.done  ## draw the DAGs of data/ into docs/pictures (after a change of models)
	AIRFLOW_HOME=$(abspath airflow-home) PYTHONPATH=. $(AIRFLOW)/bin/python -m deploy.graphs docs/pictures

chromium:  ## install Chromium, which tests of pages need (a Debian package: asks for root)
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

grafana: $(VENV)/.run  ## start a Grafana for each audience of data/ on 127.0.0.1 (needs Docker and the plugin's zip), or say what is missing
	@$(BIN)/python -m grafana.start

grafana-dashboards: $(VENV)/.dev  ## write grafana/provisioning from the dashboards' code (after a change of it)
	$(BIN)/python -m grafana.build

grafana-pictures: $(VENV)/.dev chromium  ## draw the dashboards of data/ into docs/pictures (after a change of them; synthetic homes only)
	$(BIN)/python -m tests.grafana.pictures data

docs: $(VENV)/.run $(JUDGES)/.done  ## write data/docs: models, lineage of columns, dictionary and processing register as pages
	$(BIN)/python -m warehouse.audit.pages $(JUDGES)/bin/colibri

bench: $(VENV)/.dev  ## measure the main job, landing's memory, linkage, machine learning, a million children, the service of data/ (over an hour)
	$(BIN)/python -m benchmarks.main_job
	$(BIN)/python -m benchmarks.landing_memory
	$(BIN)/python -m benchmarks.linkage
	$(BIN)/python -m benchmarks.ml
	$(BIN)/python -m benchmarks.warehouse
	@test -f data/model_config.json && $(BIN)/python -m benchmarks.service data --soak 10 || echo "the service is not measured: make run first"

lint: $(VENV)/.dev $(JUDGES)/.done  ## judge the code: style, complexity, rooms, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(JUDGES)/bin/dbt --quiet parse --no-partial-parse --project-dir dbt_project --profiles-dir dbt_project --target-path target
	@mkdir -p $(JUDGES)/home  # an empty home: to compile is to open a warehouse
	QHAWAQ_HOME=$(abspath $(JUDGES))/home $(JUDGES)/bin/sqlfluff lint --disable-progress-bar -p 2 dbt_project/models
	$(JUDGES)/bin/dbt-bouncer run --config-file dbt_project/dbt-bouncer.yml --show-all-failures
	$(JUDGES)/bin/dbt-score lint --manifest $(PARSED)/manifest.json --fail-any-item-under 9.9 \
		--disabled-rule dbt_score.rules.generic.has_example_sql

# Two workers on two cores: a model that takes two threads of its own waits for the other's, ten times as long.
test: $(VENV)/.dev  ## set everything up and pass the tests (the long fault tests are make test-faults)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 -m "not faults and not airflow"

test-faults: $(VENV)/.dev  ## the long fault tests: kills and damage at many moments (HALF=0 or HALF=1: every other moment)
	OMP_NUM_THREADS=1 QHAWAQ_HALF=$(HALF) $(BIN)/pytest -q -n 2 -m faults

lock: $(BIN)/uv  ## write the locked requirements again (after a change of requirements/*.in; KEEP=1 leaves what is there)
	@for name in uv run serve dev judges airflow; do $(BIN)/uv pip compile --quiet $(if $(KEEP),,--upgrade) --python-version 3.11 --universal --generate-hashes \
		--no-emit-index-url --no-header requirements/$$name.in -o requirements/$$name.txt; done

clean:  ## remove the virtual environment, the home and the answer key of the synthetic country
	rm -rf $(VENV) $(JUDGES) $(AIRFLOW) airflow-home data truth dbt_project/target dbt_project/logs .pytest_cache .ruff_cache
