# Guildway's single entry. `make help` lists the targets.
#
# Stamps, which are files in .venv, record what is installed and built, so that a second run starts at once. Dependencies
# of the server, the tests and the benchmarks have a lock each: a server downloads no test tools.

PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
UV_VERSION := 0.13.8
UV := $(VENV)/bin/uv
PIP_INSTALL := $(UV) pip install --quiet --python $(PY) --require-hashes --compile-bytecode
COMPILE := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links
EXT_SOURCES := setup.py $(shell find core_ext -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
COMMANDS := $(VENV)/bin/guildway $(VENV)/bin/shardctl
PACKAGES := api core core_ext gateway guildway shardctl voice
NODE_TESTS := tests/e2e/node
GO_TESTS := tests/e2e/go
BOARD_TYPES := tests/support/grafana_types
SANITIZED := build/sanitized
JAVA_TESTS := tests/e2e/java
SELF_TESTS := tests/e2e/discord_self
NPM := $(shell command -v npm 2>/dev/null)
GO := $(shell command -v go 2>/dev/null)
MVN := $(shell command -v mvn 2>/dev/null)
ARGS ?=
APIS ?= 2
CLUSTER_CONFIG := .services/guildway.toml
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# The same name is that of pytest's workers, of which there are several unless somebody says otherwise.
GATEWAY_WORKERS = $(if $(filter file,$(origin WORKERS)),1,$(WORKERS))

# PYTHON=… chooses the Python of a new .venv. A .venv of another Python is refused.
VERSION_OF = $(shell $(1) -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)
ifneq ($(and $(PYTHON),$(wildcard $(PY)),$(filter-out clean help,$(or $(MAKECMDGOALS),help))),)
ifneq ($(call VERSION_OF,$(PYTHON)),$(call VERSION_OF,$(PY)))
$(error PYTHON=$(PYTHON) is not the Python $(call VERSION_OF,$(PY)) that $(VENV) was made with: `make clean` first)
endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run run-cluster demo build test test-pure test-cluster fuzz simulate sanitize sanitize-fuzz sanitized-tree lint coverage audit wheel format bench bench-cluster lock clean node go java discord-self cassandra services services-stop loadtest loadtest-ui run-monitoring

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(VENV)/bytecode.stamp  ## Serve; GUILDWAY_* variables hold, ARGS="--api :9000" passes flags
	@exec $(PY) -m guildway run $(ARGS)

demo: $(VENV)/runtime.stamp  ## Fill a running server with users, a guild and a conversation
	@exec $(PY) -m guildway demo $(ARGS)

run-cluster: $(VENV)/bytecode.stamp $(VENV)/cluster.stamp cassandra  ## Serve as a cluster, with the servers of `make services`; WORKERS=2, APIS=4, ARGS as for run, SERVICES for services' ARGS
	@$(PY) -m deploy.services start $(SERVICES)
	@$(PY) -m guildway migrate --config $(CLUSTER_CONFIG)
	@exec $(PY) -m shardctl up --workers $(GATEWAY_WORKERS) --apis $(APIS) --config $(CLUSTER_CONFIG) $(ARGS)

services: | $(PY)  ## Start Redis, PostgreSQL, Cassandra, S3 and OpenSearch on loopback; ARGS="--redis-port 7000" moves one
	@$(PY) -m deploy.services start $(ARGS)

services-stop: | $(PY)  ## End what `make services` has started; its data stays in .services
	@$(PY) -m deploy.services stop $(ARGS)

build: $(VENV)/build.stamp  ## Compile the kernels in place

# There is a worker for each processor and one more, since the worker with the end-to-end tests mostly waits. A few tests,
# which ARGS chooses, are quicker without workers; ARGS="-n 3 …" asks for them. Bytecode is kept even if
# PYTHONDONTWRITEBYTECODE is set: without it each worker and each server of the tests starts slowly.
PYTEST = PYTHONDONTWRITEBYTECODE= $(PY) -m pytest $(or $(ARGS),-n $(WORKERS))

test: $(VENV)/dev.stamp $(VENV)/loadtest.stamp $(VENV)/build.stamp node go java discord-self cassandra  ## All tests; ARGS="-k name" passes to pytest
	$(PYTEST)

test-pure: $(VENV)/dev.stamp $(VENV)/loadtest.stamp $(VENV)/build.stamp node go java discord-self cassandra  ## All tests on the pure kernels' plain Python; ARGS as for test
	CORE_EXT_PURE=1 $(PYTEST)

# Each server of the end-to-end tests is a cluster: a Redis, a database, a keyspace, a worker and two API processes. Each
# of pytest's workers has a PostgreSQL and a Cassandra (0.7 GB), so there are no more than two. The first test of a worker
# waits for the starts of all of them, for which a busy machine may need more than the usual time of a test.
test-cluster: $(VENV)/dev.stamp $(VENV)/build.stamp node go java discord-self cassandra  ## The end-to-end tests on clusters; ARGS as for test
	SERVER_OF_TESTS=cluster PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --timeout 600 $(or $(ARGS),-n 2 tests/e2e)

fuzz: $(VENV)/dev.stamp $(VENV)/build.stamp  ## Fuzz the readers of clients' bytes, 30 s a target; ARGS="--seconds 600 frames"
	$(PY) -m tests.fuzz $(ARGS)

simulate: $(VENV)/dev.stamp $(VENV)/build.stamp  ## Simulate servers under faults; SEEDS=100 ARGS="--first 5000"
	@$(PY) -m tests.simulation --seeds $(or $(SEEDS),100) $(ARGS)

# The build with AddressSanitizer and UBSan has a folder of its own, with the kernels and the tests. The sanitizers are
# preloaded, since Python itself has none, and each object gets its own piece of memory. Leaks are not reported, since
# Python frees little at its end. test_build is left out: it compiles kernels and tests none of these.
CHECKS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNDER_CHECKS = cd $(SANITIZED) && PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so)" ../../$(PY)

sanitized-tree: $(VENV)/dev.stamp
	@mkdir -p $(SANITIZED) && rm -rf $(SANITIZED)/tests
	@tar -c --exclude=node_modules --exclude='*.so' --exclude='*.c' --exclude=__pycache__ --exclude=target \
	  $(PACKAGES) deploy tests setup.py pyproject.toml README.md LICENSE NOTICE $(wildcard .fuzz) | tar -x -C $(SANITIZED)
	@echo "Compiling the kernels with sanitizers …"
	@cd $(SANITIZED) && CFLAGS="-O1 -g -fno-omit-frame-pointer $(CHECKS)" LDFLAGS="$(CHECKS)" \
	  ../../$(PY) setup.py --quiet build_ext --inplace >/dev/null

sanitize: sanitized-tree  ## The kernels' tests and the fuzzers' seeds with AddressSanitizer and UBSan; ARGS as for test
	@$(UNDER_CHECKS) -m pytest -p no:cacheprovider --capture=sys --ignore tests/unit/core_ext/test_build.py \
	  $(or $(ARGS),tests/unit/core_ext tests/fuzz)

sanitize-fuzz: sanitized-tree  ## Fuzz with AddressSanitizer and UBSan, from what `make fuzz` has kept; ARGS as for fuzz
	@$(UNDER_CHECKS) -m tests.fuzz --blind $(ARGS)

lint: $(VENV)/dev.stamp  ## Style, types, import contracts, kernels' style
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/cython-lint core_ext

coverage: $(VENV)/dev.stamp $(VENV)/loadtest.stamp $(VENV)/build.stamp node go java discord-self cassandra  ## All tests, and a report of lines that they do not run; ARGS as for test
	@rm -f .coverage .coverage.*
	$(PY) -m coverage run -m pytest $(or $(ARGS),-n $(WORKERS))
	@$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

audit: $(UV)  ## Ask for known vulnerabilities of the locked packages
	@.ci/audit

wheel: $(UV)  ## Build the wheel and the source archive into dist/
	@rm -rf dist
	@$(UV) build --quiet
	@ls dist

format: $(VENV)/dev.stamp  ## Format, and mend style with ruff
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/bench.stamp $(VENV)/build.stamp  ## Measure the tables of benchmarks/README.md; ARGS="fanout --write" measures and keeps one
	$(PY) -m benchmarks $(ARGS)

bench-cluster: $(VENV)/bench.stamp $(VENV)/build.stamp cassandra  ## Measure a cluster of this machine, links and two workers; ARGS="--quick" a little
	$(PY) -m benchmarks cluster through workers spread link $(ARGS)

# Locust has a folder of its own below .venv: it brings a plugin that would patch every run of pytest for gevent.
LOCUST = PYTHONPATH=$(VENV)/loadtest $(PY) -m locust -f loadtest/locustfile.py --host $(or $(API),http://127.0.0.1:8080) \
	--scenario $(or $(SCENARIO),quiet) --users $(or $(USERS),100)

loadtest: $(VENV)/loadtest.stamp  ## Load a running server; API=http://… SCENARIO=quiet USERS=100 TIME=60s, ARGS="--help" tells more
	@$(LOCUST) --headless --only-summary --run-time $(or $(TIME),60s) $(ARGS)

loadtest-ui: $(VENV)/loadtest.stamp  ## The same from a web page, http://127.0.0.1:8089
	@$(LOCUST) --web-host 127.0.0.1 $(ARGS)

run-monitoring: $(VENV)/runtime.stamp  ## Prometheus and Grafana, where they are installed, on a running server; ARGS="--target HOST:PORT"
	@exec $(PY) -m deploy.monitoring run $(ARGS)

lock: $(UV)  ## Choose the newest versions that pyproject.toml allows and write all locks; ARGS="--upgrade" moves all
	$(COMPILE) $(ARGS) --extra voice --group build --output-file requirements/runtime.lock
	$(COMPILE) $(ARGS) --extra voice --extra cluster --constraint requirements/runtime.lock --output-file requirements/cluster.lock
	$(COMPILE) $(ARGS) --extra voice --extra cluster --extra traces --group dev --constraint requirements/cluster.lock --output-file requirements/dev.lock
	$(COMPILE) $(ARGS) --extra traces --constraint requirements/dev.lock --output-file requirements/traces.lock
	$(COMPILE) $(ARGS) --group bench --constraint requirements/dev.lock --output-file requirements/bench.lock
	$(subst pyproject.toml,--group loadtest,$(COMPILE)) $(ARGS) --constraint requirements/dev.lock --output-file requirements/loadtest.lock
	$(subst pyproject.toml,$(SELF_TESTS)/requirements.in,$(COMPILE)) $(ARGS) --output-file $(SELF_TESTS)/requirements.lock

clean:  ## Remove all that make has built; data stays
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .fuzz $(NODE_TESTS)/node_modules
	rm -rf $(GO_TESTS)/bot $(BOARD_TYPES)/check $(JAVA_TESTS)/target $(SELF_TESTS)/site
	find core_ext \( -name '*.so' -o -name '*.c' -o -name '*.html' \) -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The interpreter: PYTHON=… if given, else the first of the usual names that is new enough.
$(PY):
	@set -e; for name in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Guildway needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi; \
	echo "Making $(VENV) with $$found …"; "$$found" -m venv $(VENV)

$(UV): | $(PY)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/runtime.stamp: requirements/runtime.lock | $(UV)
	@echo "Installing what the server needs …"
	@$(PIP_INSTALL) -r requirements/runtime.lock
	@touch $@

$(VENV)/cluster.stamp: requirements/cluster.lock $(VENV)/runtime.stamp
	@echo "Installing the clients of Redis, PostgreSQL and Cassandra …"
	@$(PIP_INSTALL) -r requirements/cluster.lock
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/cluster.stamp
	@echo "Installing what the tests need …"
	@$(PIP_INSTALL) -r requirements/dev.lock
	@touch $@

$(VENV)/bench.stamp: requirements/bench.lock $(VENV)/dev.stamp
	@echo "Installing what the benchmarks compare with and draw with …"
	@$(PIP_INSTALL) -r requirements/bench.lock
	@touch $@

$(VENV)/build.stamp: $(EXT_SOURCES) $(VENV)/runtime.stamp | $(COMMANDS)
	@echo "Compiling the kernels …"
	@$(PY) setup.py --quiet build_ext --inplace >/dev/null
	@touch $@

$(VENV)/loadtest.stamp: requirements/loadtest.lock | $(UV)
	@echo "Installing what load tests need …"
	@$(PIP_INSTALL) --target $(VENV)/loadtest -r requirements/loadtest.lock
	@touch $@

# What an installed wheel would have: the commands, here of this folder.
$(COMMANDS): | $(PY)
	@printf '%s\n' '#!$(CURDIR)/$(PY)' 'import sys' 'sys.path[0] = "$(CURDIR)"' 'from $(@F).cli import main' \
	  'sys.exit(main())' > $@
	@chmod +x $@

# Bytecode is written before the first start, even if PYTHONDONTWRITEBYTECODE is set: without it a start takes twice as
# long.
$(VENV)/bytecode.stamp: $(VENV)/build.stamp $(shell find $(PACKAGES) -name '*.py')
	@$(PY) -m compileall -q $(PACKAGES)
	@touch $@

# The end-to-end tests drive these JavaScript clients. Without Node those tests are skipped and say so.
ifdef NPM
node: $(NODE_TESTS)/node_modules/.stamp
else
node:
	@echo "No npm here: the tests with discord.js and oceanic.js will be left out."
endif

$(NODE_TESTS)/node_modules/.stamp: $(NODE_TESTS)/package-lock.json
	@echo "Installing the JavaScript clients …"
	@cd $(NODE_TESTS) && npm ci --silent --no-audit --no-fund
	@touch $@

# The bots of typed libraries need Go and Maven. Without them their requests are still tested, from tests/golden/clients.
ifdef GO
go: $(GO_TESTS)/bot $(BOARD_TYPES)/check
else
go:
	@echo "No Go here: the tests with discordgo and with Grafana's types will be left out."
endif

$(GO_TESTS)/bot: $(GO_TESTS)/go.mod $(GO_TESTS)/go.sum $(wildcard $(GO_TESTS)/*.go)
	@echo "Building the bot with discordgo …"
	@cd $(GO_TESTS) && go build -buildvcs=false -ldflags "-s -w" -o bot .

$(BOARD_TYPES)/check: $(BOARD_TYPES)/go.mod $(BOARD_TYPES)/go.sum $(BOARD_TYPES)/main.go
	@echo "Building the check of dashboards with Grafana's types …"
	@cd $(BOARD_TYPES) && go build -buildvcs=false -ldflags "-s -w" -o check . || echo "It will be left out."

ifdef MVN
java: $(JAVA_TESTS)/target/.stamp
else
java:
	@echo "No Maven here: the tests with JDA will be left out."
endif

$(JAVA_TESTS)/target/.stamp: $(JAVA_TESTS)/pom.xml $(wildcard $(JAVA_TESTS)/src/main/java/*.java)
	@echo "Building the bot with JDA …"
	@cd $(JAVA_TESTS) && mvn -q -B -Dstyle.color=never process-classes
	@touch $@

# discord.py-self has the module name of discord.py, so it has a folder of its own instead of a place in .venv.
discord-self: $(SELF_TESTS)/site/.stamp

$(SELF_TESTS)/site/.stamp: $(SELF_TESTS)/requirements.lock | $(UV)
	@echo "Installing discord.py-self …"
	@$(UV) pip install --quiet --python $(PY) --require-hashes --target $(SELF_TESTS)/site -r $<
	@touch $@

# Tests with real servers need Redis, PostgreSQL, Java and Go on the machine. Cassandra and OpenSearch are downloaded by
# Maven and a server of S3 is built by Go, into .cache. Without one of them its tests are left out, and the end of the
# run says so.
cassandra: | $(PY)
	@$(PY) -m deploy.services download || true
