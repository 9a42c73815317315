# One verb a habit. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := chromium promtool strace spamassassin pg_ctl systemd-analyze
PACKAGE_chromium := chromium
PACKAGE_promtool := prometheus
PACKAGE_strace := strace
PACKAGE_spamassassin := spamassassin
PACKAGE_pg_ctl := postgresql
PACKAGE_systemd-analyze := systemd

.PHONY: help demo year bench test test-slow $(TOOLS) crash simulate simulate-many fuzz faults mutants lint audit lock install deb boot clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1  /p' Makefile

$(VENV)/.stamp: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Overlap needs Python 3.11 or newer; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "python3-venv is missing; run: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.stamp ## play a virtual fortnight on loopback; WITH=google,exchange,microsoft365 adds their simulators
	@$(BIN)/python daemon.py demo --with "$(WITH)"

year: $(VENV)/.stamp ## play a year of forty pairs; demo/year.csv says who was mailed what, when and why
	OVERLAP_YEAR=demo $(BIN)/python -m pytest tests/programme/test_year40.py --show-capture=no

bench: $(VENV)/.stamp ## measure what docs/performance.md shows, a few minutes; PARTS="pair pairs …" for some
	$(BIN)/python -m tests.bench $(PARTS)

test: $(VENV)/.stamp $(TOOLS) ## run the tests, but for the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(VENV)/.stamp $(TOOLS) ## run the slow tests: pages and mails in a browser, faults, kills, the year of forty pairs
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

$(TOOLS):
	@PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin)" command -v $@ >/dev/null || { echo "$@ is missing; run: apt-get install $(PACKAGE_$@)" >&2; exit 1; }

crash: $(VENV)/.stamp ## kill the daemon at every system call of every workflow, hours; POINTS=1000 for a sample
	$(BIN)/python -m tests.crash $(if $(POINTS),--points $(POINTS) --doubles 100)

simulate: $(VENV)/.stamp ## play 200 seeded worlds in which everything fails, two at once
	$(BIN)/python -m tests.simulation --seeds 200 --jobs 2

simulate-many: $(VENV)/.stamp ## the same with 1,000 worlds
	$(BIN)/python -m tests.simulation --seeds 1000 --jobs 2

fuzz: $(VENV)/.stamp ## a million broken inputs at every parser, a million forged links, every hostile text
	$(BIN)/python -m tests.hostile --cases 1000000
	HYPOTHESIS_PROFILE=new $(BIN)/python -m pytest -n 2 -m hypothesis
	OVERLAP_FORGED=1000000 OVERLAP_SCANS=10000 OVERLAP_INJECT_EVERY=1 $(BIN)/python -m pytest -n 0 tests/hostile

faults: $(VENV)/.stamp ## every fault at every call of every provider, consent and published calendar, half an hour
	OVERLAP_ALL_FAULTS=1 $(BIN)/python -m pytest -n 0 tests/integrations/test_faults.py \
	  tests/integrations/test_consent_faults.py tests/integrations/test_feed_faults.py \
	  tests/integrations/test_caldav_faults.py

mutants: $(VENV)/.stamp ## slips put into outbox, meeting life, hours and bounds: nine of ten must be found; JOBS=2
	$(BIN)/python -m tests.mutation --jobs $(or $(JOBS),1)

lint: $(VENV)/.stamp ## ruff, mypy --strict, the dependencies, and their known vulnerabilities where the service answers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pip --disable-pip-version-check check
	$(BIN)/python -m pytest -p no:cacheprovider tests/test_dependencies.py
	$(BIN)/python -m tests.audit

audit: $(VENV)/.stamp ## ask the vulnerability service about the lock; fails without its answer (needs a network)
	$(BIN)/python -m tests.audit --must

lock: ## renew both lock files from requirements*.in (needs uv)
	for f in requirements requirements-dev; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header $$f.in -o $$f.lock; done

install: ## put the program into /opt/overlap below DESTDIR; WHEELS=folder for a machine without a network
	DESTDIR="$(DESTDIR)" PYTHON="$(PYTHON)" WHEELS="$(WHEELS)" packaging/install

deb: ## build dist/overlap_….deb, with all it needs inside
	packaging/make-deb

boot: ## boot that package under systemd in an emulated machine and look at its units, as root, ten minutes or more
	packaging/try-boot

clean: ## remove what make built
	rm -rf $(VENV) demo dist
