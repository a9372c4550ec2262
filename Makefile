# `make run` and `make test` need nothing but make and Python 3.12, 3.13 or 3.14: the newest that
# .ci/python finds, or PYTHON=/path/to/python.

VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := gatewayz accounts chat adoption docs clients/python/src/gatewayz_client
INSTALL := $(PY) -m pip --disable-pip-version-check install --quiet

# Settings under which `manage.py check --deploy` must find nothing; no server is contacted.
SECRET := $(PY) -c 'import secrets; print(secrets.token_urlsafe(64))'
PRODUCTION := GATEWAYZ_ENV=production ALLOWED_HOSTS=gatewayz.example \
	EMAIL_URL=smtp+tls://mail.example:587 \
	DATABASE_URL=postgresql://gatewayz@db.example/gatewayz REDIS_URL=redis://redis.example/0

# Validated for the oldest Kubernetes that has all they use, and for the newest that is known.
MANIFESTS := $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

# At most four processes, because some tests compare times. Each file runs in one process, and the
# slowest files run first (tests/conftest.py).
ALL := --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test test-all faults fuzz bench bench-quick docs pictures lint format lock sbom clean has-wrk

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/runtime.stamp ## Serve on http://127.0.0.1:8000 (PORT=… for another port)
	@$(PY) -m gatewayz.development.run

test: $(VENV)/test.stamp ## Run all tests except the long ones, on all cores (ARGS=… for pytest, on one core)
	$(PY) -m pytest $(or $(ARGS),$(ALL) -m "not long")

test-all: $(VENV)/test.stamp ## Run all tests, including those of abuse, faults and the browser
	$(PY) -m pytest $(ALL)

faults: $(VENV)/test.stamp ## Kill every part under load, for about 20 minutes (MINUTES=10 of load)
	FAULTS=long $(PY) -m pytest tests/faults -s $(ARGS)
	$(PY) -m tests.faults.mixed --minutes $(or $(MINUTES),10)

fuzz: $(VENV)/test.stamp ## Send the API valid and invalid requests, for a quarter of an hour (REQUESTS=100000)
	$(PY) -m tests.fuzz --requests $(or $(REQUESTS),100000)

bench: has-wrk $(VENV)/bench.stamp ## Compare with other services that do the same, for a quarter of an hour (ARGS=--help)
	$(PY) -m benchmarks create_session $(ARGS)

bench-quick: $(VENV)/bench.stamp ## Fail if the service has become slower, compared with FastAPI
	$(PY) -m benchmarks guard $(ARGS)

docs: $(VENV)/docs.stamp ## Build the documentation in build/docs
	$(PY) -m docs.site

pictures: $(VENV)/test.stamp ## Take the pictures of the documentation again (needs Chromium)
	$(PY) -m docs.pictures

lint: $(VENV)/test.stamp ## Check format, types, imports of tests, migrations, settings, images, manifests and known vulnerabilities
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy $(PACKAGES)
	$(PY) -m pytest --collect-only --quiet --quiet >/dev/null
	SECRET_KEY="$$($(SECRET))" KEY_PEPPERS="$$($(SECRET))" $(PRODUCTION) \
		$(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m gatewayz.development.embedded \
		$(PY) manage.py makemigrations --check --dry-run
	$(VENV)/bin/hadolint --failure-threshold warning Dockerfile deploy/pgbouncer/Dockerfile
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(VENV)/bin/kubernetes-validate --strict --quiet -k 1.29 $(MANIFESTS)
	$(VENV)/bin/kubernetes-validate --strict --quiet $(MANIFESTS)
	PATH=$(VENV)/bin:$$PATH .ci/audit requirements.txt requirements-tracing.txt requirements-test.txt

format: $(VENV)/test.stamp ## Format the code, and fix what can be fixed automatically
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: $(VENV)/venv.stamp ## Pin the newest versions that the .in files allow, and say what is newer
	$(INSTALL) uv
	for list in requirements requirements-docs requirements-tracing requirements-test \
			requirements-bench requirements-supply; do \
		$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.12 \
			--generate-hashes --no-header --no-emit-index-url \
			$$list.in --output-file $$list.txt || exit 1; \
	done
	.ci/platforms $(PY)
	$(PY) .ci/newer

sbom: ## List what the image holds and its licences: build/sbom.json (CycloneDX), build/licences.md
	.ci/sbom

# Checked before an installation that takes minutes.
has-wrk:
	@command -v wrk >/dev/null || { \
		echo "gatewayz: make bench needs wrk: apt-get install wrk, or brew install wrk" >&2; \
		exit 1; }

clean: ## Delete the virtual environment and the caches; the data in .gatewayz stays
	rm -rf $(VENV) build staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis .gatewayz/test
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each step ends by touching a stamp, so that an interrupted one runs again.
$(VENV)/venv.stamp:
	@python=$$(.ci/python $(PYTHON)) && "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/runtime.stamp: requirements.txt $(VENV)/venv.stamp
	$(INSTALL) --require-hashes -r requirements.txt
	@touch $@

$(VENV)/docs.stamp: requirements-docs.txt $(VENV)/runtime.stamp
	$(INSTALL) --require-hashes -r requirements-docs.txt
	@touch $@

$(VENV)/bench.stamp: requirements-bench.txt $(VENV)/test.stamp
	$(INSTALL) --require-hashes -r requirements-bench.txt
	@touch $@

$(VENV)/test.stamp: requirements-test.txt $(VENV)/runtime.stamp
	$(INSTALL) --require-hashes -r requirements-test.txt
	@touch $@
