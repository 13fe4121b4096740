# Every recipe sets up what it needs first; with nothing to do, set-up is silent and takes well under a second.
# It needs make (GNU make 3.81 or later), a POSIX shell and any supported Python; PYTHON=... names one.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLER := .uv
UV := $(INSTALLER)/bin/uv
JUDGES := .judges
AIRFLOW := .airflow
SPARK := .spark
AXE := 4.14.1
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PARSED := dbt_project/target
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# Compiled once at installation, not at each of the many starts of a command, a test or an Airflow task.
export UV_COMPILE_BYTECODE := 1

.PHONY: help run test test-long test-faults faults-table test-airflow test-bare test-grafana test-keycloak test-spark check lint lint-python lint-sql locks build docs graphs grafana grafana-dashboards \
	grafana-pictures chromium axe serve report airflow bench lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs everything else; it stays out of the environment that it fills.
$(UV): requirements/uv.txt
	@python=$$(requirements/find_python.sh $(if $(PYTHON),"$(PYTHON)")) && "$$python" -m venv $(INSTALLER)
	$(INSTALLER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# An environment from its lock: versions and hashes are stated there, so nothing is resolved (--no-deps).
# The project itself is installed editable, without fetching anything.
define environment
	@test -x $(1)/bin/python || $(UV) venv --quiet --allow-existing --python $(INSTALLER)/bin/python $(1)
	$(UV) pip install --quiet --python $(1)/bin/python --no-deps --require-hashes -r $(2)
endef
# dbt parses its project then, so that no build has to.
define editable
	$(UV) pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation -e .
	$(1)/bin/python -m warehouse.build.parsing
endef

$(VENV)/.run: requirements/run.txt pyproject.toml | $(UV)
	$(call environment,$(VENV),requirements/run.txt)
	$(call editable,$(VENV))
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(UV)
	$(call environment,$(VENV),requirements/dev.txt)
	$(call editable,$(VENV))
	@touch $(VENV)/.run $(VENV)/.serve $(VENV)/.report $(VENV)/.analysis $@

$(VENV)/.serve: requirements/serve.txt $(VENV)/.run
	$(call environment,$(VENV),requirements/serve.txt)
	@touch $@

$(VENV)/.report: requirements/report.txt $(VENV)/.run
	$(call environment,$(VENV),requirements/report.txt)
	@touch $@

$(VENV)/.analysis: requirements/analysis.txt $(VENV)/.run
	$(call environment,$(VENV),requirements/analysis.txt)
	@touch $@

# The judges of the dbt project need other pins of click than what builds.
$(JUDGES)/.done: requirements/judges.txt | $(UV)
	$(call environment,$(JUDGES),requirements/judges.txt)
	@touch $@

# Airflow with everything that its tasks run, apart from the rest: only what orchestrates needs it.
$(AIRFLOW)/.done: requirements/airflow.txt pyproject.toml | $(UV)
	$(call environment,$(AIRFLOW),requirements/airflow.txt)
	$(call editable,$(AIRFLOW))
	@touch $@

# Spark with dbt's adapter for it: only the comparison with DuckDB needs it. pyspark has no wheel, so `make locks` does not ask for it.
$(SPARK)/.done: requirements/spark.txt | $(UV)
	$(call environment,$(SPARK),requirements/spark.txt)
	@touch $@

run: $(VENV)/.run  ## simulate a synthetic Peru into data/ (once, CHILDREN=40000), collect from its APIs, run the main job on it
	@test -f data/SYNTHETIC.json || $(BIN)/qhawaq simulate --api truth/api $(if $(CHILDREN),--children $(CHILDREN))
	@test -f data/collected.json || $(BIN)/python -m warehouse.country.api truth/api -- $(BIN)/qhawaq collect --today 2025-12-05
	$(BIN)/qhawaq run

build: $(VENV)/.run  ## build dbt nodes in data/: make build SELECT=child_attendance
	$(BIN)/qhawaq build $(if $(SELECT),--select "$(SELECT)")

serve: $(VENV)/.serve  ## answer predictions and children's pages of data/ over HTTP on 127.0.0.1
	$(BIN)/qhawaq serve

report: $(VENV)/.report  ## write the monthly bulletin of data/: of the country, or make report OF="--ugel 150101"
	$(BIN)/qhawaq report $(OF)

airflow: $(AIRFLOW)/.done  ## start Airflow on 127.0.0.1 for data/ with a generated password, and print the address
	$(AIRFLOW)/bin/python -m deploy.airflow

test-airflow: $(AIRFLOW)/.done $(VENV)/.dev  ## the graphs, and a real scheduler that refreshes, trains, deploys, fails and is killed (GRAPHS=1: without it)
	QHAWAQ_AIRFLOW_PYTHON=$(abspath $(AIRFLOW))/bin/python $(BIN)/pytest -q -m "airflow$(if $(GRAPHS), and not scheduler)"

graphs: $(AIRFLOW)/.done  ## draw the DAGs into docs/pictures (after a change of models)
	AIRFLOW_HOME=$(abspath airflow-home) PYTHONPATH=. $(AIRFLOW)/bin/python -m deploy.graphs docs/pictures

chromium:  ## install Chromium, which tests of pages need (a Debian package: asks for root)
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

axe: chromium  ## install axe-core, with which tests judge whether everybody can use the pages (needs npm)
	@test -f .axe/node_modules/axe-core/axe.min.js || npm install --silent --prefix .axe --no-save --no-package-lock --ignore-scripts axe-core@$(AXE)

grafana: $(VENV)/.run  ## start a Grafana for each audience of data/ on 127.0.0.1 (needs Docker and the plugin's zip), or say what is missing
	@$(BIN)/python -m grafana.start

grafana-dashboards: $(VENV)/.dev  ## write grafana/provisioning from the dashboards' code (after a change of it)
	$(BIN)/python -m grafana.build

grafana-pictures: $(VENV)/.dev chromium  ## take the dashboards' pictures of data/ in the Grafana that QHAWAQ_GRAFANA names (synthetic homes only)
	QHAWAQ_GRAFANA=$(QHAWAQ_GRAFANA) $(BIN)/python -m tests.grafana.pictures data

test-grafana: $(VENV)/.dev chromium  ## the dashboards, the gate and alerts in a real Grafana: QHAWAQ_GRAFANA=folder with bin/, conf/, public/ and data/plugins/
	QHAWAQ_GRAFANA=$(QHAWAQ_GRAFANA) $(BIN)/pytest -q tests/grafana -m grafana

test-keycloak: $(VENV)/.dev chromium  ## sign in by a real Keycloak with a browser: QHAWAQ_KEYCLOAK=folder of an unpacked Keycloak (needs Java)
	QHAWAQ_KEYCLOAK=$(QHAWAQ_KEYCLOAK) $(BIN)/pytest -q -n 0 tests/service -m keycloak

test-spark: $(VENV)/.dev $(SPARK)/.done  ## every model's rows on Spark against DuckDB's, on the small country (installs Java from Debian where there is none)
	@command -v java >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq default-jre-headless; }
	$(BIN)/pytest -q -n 0 tests/spark -m spark

docs: $(VENV)/.report $(JUDGES)/.done  ## write data/docs: models, lineage of columns, dictionary and processing register as pages
	$(BIN)/python -m warehouse.audit.pages $(JUDGES)/bin/colibri

bench: $(VENV)/.dev  ## measure the main job, landing's memory, linkage, machine learning, a million children, the service of data/ (over an hour)
	$(BIN)/python -m benchmarks.main_job
	$(BIN)/python -m benchmarks.landing_memory
	$(BIN)/python -m benchmarks.landing_lines
	$(BIN)/python -m benchmarks.linkage
	$(BIN)/python -m benchmarks.ml
	$(BIN)/python -m benchmarks.warehouse
	@test -f data/model_config.json && $(BIN)/python -m benchmarks.service data --soak 10 || echo "the service is not measured: make run first"

lint: $(VENV)/.dev $(JUDGES)/.done  ## judge the code: style, complexity, types, layers, SQL
	@$(MAKE) --no-print-directory -j 2 lint-sql lint-python locks  # the longest first: one core each, most of the time

lint-python: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

lint-sql: $(JUDGES)/.done
	$(JUDGES)/bin/dbt --quiet parse --no-partial-parse --project-dir dbt_project --profiles-dir dbt_project --target-path target
	@mkdir -p $(JUDGES)/home  # an empty home: to compile is to open a warehouse
	QHAWAQ_HOME=$(abspath $(JUDGES))/home $(JUDGES)/bin/sqlfluff lint --disable-progress-bar -p 2 dbt_project/models
	$(JUDGES)/bin/dbt-bouncer run --config-file dbt_project/dbt-bouncer.yml --show-all-failures
	$(JUDGES)/bin/dbt-score lint --manifest $(PARSED)/manifest.json --fail-any-item-under 9.9 \
		--disabled-rule dbt_score.rules.generic.has_example_sql --disabled-rule dbt_score.rules.macros.macro_has_description  # dbt-bouncer asks for it

test: $(VENV)/.dev  ## set everything up and run the tests (FAST=1: without the small country); the longest are make test-long
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations 20 -m "not long and not faults and not airflow and not spark$(if $(FAST), and not country)"

test-long: $(VENV)/.dev  ## tests that each build or install something whole: a killed job, the wheel, containers' layers, a full refresh
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations 10 -m "long and not faults and not airflow and not spark"

check: $(VENV)/.dev  ## judge what you changed, in under a minute: lint, models on the small country, tests that import it
	@$(BIN)/python -m tests.check $(SINCE)

test-faults: $(VENV)/.dev  ## kills and damage at many moments, many examples of properties (hours; PART=1/12 to 12/12: a twelfth)
	$(if $(PART),QHAWAQ_PART=$(PART)) QHAWAQ_EXAMPLES=4 $(BIN)/pytest -q -n 2 -m "faults or hypothesis"

faults-table: $(VENV)/.dev  ## try every writing command at PLACES=100 seeded places of every class of fault into faults.jsonl, and print the table (root; hours)
	$(BIN)/python -m tests.faults.coverage --places $(or $(PLACES),100)

test-bare:  ## the main job and the tests without a country on a bare Debian 13 and sid, each with its own Python (asks for root)
	@command -v debootstrap >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq debootstrap; }
	$(if $(SUDO),sudo --preserve-env) tests/bare.sh $(or $(SUITE),trixie sid)

LOCK = $(UV) pip compile --quiet $(if $(KEEP),,--upgrade) --python-version 3.11 --universal --generate-hashes \
	--no-emit-index-url --no-header
OF_RUN := --constraint requirements/run.txt

lock: $(UV)  ## write the locked requirements again (after a change of pyproject.toml; KEEP=1 leaves what is there)
	$(LOCK) --group installer -o requirements/uv.txt
	$(LOCK) pyproject.toml --group build -o requirements/run.txt
	$(LOCK) $(OF_RUN) --group service --group build -o requirements/serve.txt
	$(LOCK) $(OF_RUN) --group gate -o requirements/gate.txt
	$(LOCK) $(OF_RUN) pyproject.toml --extra report --extra docs -o requirements/report.txt
	$(LOCK) $(OF_RUN) pyproject.toml --extra analysis -o requirements/analysis.txt
	$(LOCK) $(OF_RUN) pyproject.toml --extra dev --group build -o requirements/dev.txt
	$(LOCK) $(OF_RUN) pyproject.toml --extra airflow --group build -o requirements/airflow.txt
	$(LOCK) --group judges -o requirements/judges.txt
	$(LOCK) --group spark -o requirements/spark.txt

locks: $(UV)  ## check that the locks can be installed on every supported Python, on Linux and macOS (part of make lint)
	@for lock in run serve gate report analysis dev judges airflow; do for version in 3.11 3.12 3.13 3.14; do \
		for platform in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin; do \
			$(UV) pip install --quiet --dry-run --no-deps --require-hashes --only-binary :all: --target $(INSTALLER)/nothing \
				--python-version $$version --python-platform $$platform -r requirements/$$lock.txt \
				|| { echo "requirements/$$lock.txt: not for Python $$version on $$platform" >&2; exit 1; }; \
	done; done; done

clean:  ## remove the virtual environment, the home and the answer key of the synthetic country
	rm -rf $(VENV) $(INSTALLER) $(JUDGES) $(AIRFLOW) $(SPARK) .axe airflow-home data truth dbt_project/target dbt_project/logs .pytest_cache .ruff_cache
