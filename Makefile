# The project's commands. Arguments are variables: make up PORT=4566
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

# The cargo profile of the functions on the local stack: `dev` compiles quickly, `release` is deployed. Commands that test or
# measure the deployed programs (faults, soak, bench, test-sam) use `release`; see below.
export PROFILE ?= dev
PYTHON ?= python3
CARGO ?= cargo

REQUIREMENTS := tests/python/requirements.txt
LINT := tests/lint/package.json tests/lint/package-lock.json
VENV := .venv/installed
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# All development builds build the same packages (as in tests/stack/src/binaries.rs): other packages may need other features of a
# dependency, and cargo would then compile it, and everything that depends on it, again. `parsers` is here only for its features.
PROGRAMS := stack operator pipeline parsers intake poll finalize servers
# In quotes, because a folder may have a space in its name.
STACK := "$(TARGET_DIR)/debug/stack"
FAULT_ROWS := "$(TARGET_DIR)/debug/faults"
BENCH_REQUIREMENTS := tests/python/bench/requirements.txt
BENCH_VENV := .venv-bench/installed
SAM_REQUIREMENTS := tests/python/sam/requirements.txt
SAM_VENV := .venv-sam/installed
CHECKOV_REQUIREMENTS := tests/python/checkov/requirements.txt
CHECKOV_VENV := .venv-checkov/installed
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := .tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_MACHETE_VERSION := 0.9.2
CARGO_MACHETE := .tools/cargo-machete-$(CARGO_MACHETE_VERSION)/bin/cargo-machete
DENY_CHECKS := $(or $(CHECKS),bans licenses sources)

.PHONY: help demo up down status env reload fault test reference faults faults-list soak guard bench lint venv
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: venv programs ## run the pipeline on good and bad files, and print a table of their outcomes
	@$(STACK) demo

up: venv programs ## start the local stack in the background (variables: docs/local-stack.md)
	@$(STACK) up

down: programs ## stop the local stack
	@$(STACK) down

status: programs ## print the local stack's addresses and names as one JSON object (make -s status)
	@$(STACK) status

env: programs ## set a shell up for the local stack: eval "$(make -s env)"
	@$(STACK) env

# `stack` compiles the functions itself: if that fails, it says that the old ones keep running.
reload: rust ## compile the functions and replace those of the local stack; its data stays
	@test -x $(STACK) || { echo "no stack is running: make up starts one" >&2; exit 1; }
	@$(STACK) reload

fault: programs ## let CXone or the webhook fail: make fault FAULT=upload-429 INTERACTION=INT-42 (list: no FAULT)
	@$(STACK) fault $(if $(FAULT),"$(FAULT)") $(if $(INTERACTION),--interaction "$(INTERACTION)")

test: venv rust lint ## run all checks and tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) test --workspace

reference: rust ## write the reference tables of the docs from the template and the code
	@$(CARGO) run --quiet --bin contracts

faults soak: export PROFILE := $(if $(filter file,$(origin PROFILE)),release,$(PROFILE))
SELECTED = $(if $(ONLY),--only "$(ONLY)") $(if $(EXACT),--exact "$(EXACT)")
faults: venv programs ## run all fault scenarios, and print a table (some: ONLY=upload/, one: EXACT=upload/500-burst)
	@$(FAULT_ROWS) run $(SELECTED)

faults-list: programs ## list the fault scenarios, one a line (some: ONLY=upload/)
	@$(FAULT_ROWS) list $(SELECTED)

soak: venv programs ## process many objects, some of them with a fault: make soak OBJECTS=2000 FAULTS=10%
	@$(FAULT_ROWS) soak --objects $(or $(OBJECTS),2000) --faults $(or $(FAULTS),10%)

guard: rust ## compare sizes and cold starts of the deployed functions with tests/bench/budgets.json
	$(CARGO) test --workspace --test guard -- --ignored --nocapture

bench: venv $(BENCH_VENV) rust ## compare intake with Python and with a raw proxy (fewer repetitions: QUICK=1)
	$(CARGO) build --release --package intake --package poll --package finalize
	$(CARGO) build --release --package bench
	@mkdir -p "$(TARGET_DIR)/bench"
	PROFILE=release $(CARGO) run --quiet --package pipeline --example put_to_completed -- \
		$(if $(QUICK),5,20) "$(TARGET_DIR)/bench/end-to-end.json"
	@$(CARGO) run --quiet --release --package bench -- $(if $(QUICK),--quick)
	@$(CARGO) run --quiet --release --package media-type --example compare

fuzz: $(CARGO_FUZZ) ## fuzz all parsers of outside data: make fuzz SECONDS_EACH=30 (one of them: ONLY=key)
	@CARGO_FUZZ="$$PWD/$(CARGO_FUZZ)" SECONDS_EACH=$(or $(SECONDS_EACH),30) TARGET_DIR="$(TARGET_DIR)" ONLY="$(ONLY)" \
		tests/parsers/fuzz/run.sh tests/parsers/fuzz crates/media-type/fuzz

test-sam: venv $(SAM_VENV) programs ## test sam validate, build and deploy, and the functions in containers
	@.venv-sam/bin/python tests/python/sam

sam-local: venv $(SAM_VENV) programs ## let `sam local` use the stack of `make up`, and fill in its events, until Ctrl-C
	@.venv-sam/bin/python tests/python/sam serve

lint: venv ## check the templates, the state machine and the pages
	.venv/bin/cfn-lint template.yaml infra/monitoring.yaml infra/audit_data.yaml infra/audit_trail.yaml
	.venv/bin/python tests/python/infrastructure.py
	.venv/bin/python tests/python/permissions.py
	.venv/bin/python tests/python/operator_policies.py
	.venv/bin/python tests/python/protection.py
	.venv/bin/python tests/python/audit_bucket.py
	.venv/bin/python tests/python/threat_model.py
	.venv/bin/python tests/python/supply_chain.py
	.venv/bin/python tests/python/links.py
	.venv/bin/python tests/python/pages.py
	.venv/bin/python tests/python/audit_queries.py
	.venv/bin/node .venv/lint/node_modules/asl-validator/dist/bin/asl-validator.js --json-path infra/state_machine.asl.json

deny: $(CARGO_DENY) ## check licences, banned crates and sources of all dependencies (their known faults: CHECKS=advisories)
	@echo "the workspace:" && $(CARGO_DENY) --locked check --hide-inclusion-graph \
		--deny unnecessary-skip --deny unmatched-skip $(DENY_CHECKS)
	@for fuzz in $(wildcard */*/fuzz/Cargo.toml); do \
		echo "$$fuzz:" && $(CARGO_DENY) --manifest-path "$$fuzz" --config deny.toml --locked check --hide-inclusion-graph \
			--allow unmatched-skip --allow license-not-encountered $(DENY_CHECKS); \
	done

unused: $(CARGO_MACHETE) ## find dependencies that no code uses
	@$(CARGO_MACHETE) --skip-target-dir

checkov: $(CHECKOV_VENV) ## check the templates and the workflows with checkov's security rules
	@.venv-checkov/bin/python tests/python/checkov/check.py

# No code of a package runs while it is installed: pip installs only wheels, and npm runs no install scripts.
venv: $(VENV) ## build .venv from the pinned requirements
$(VENV): $(REQUIREMENTS) $(LINT)
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later with venv is missing; install it (Debian: apt-get install python3-venv) or set PYTHON=…" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement $(REQUIREMENTS)
	mkdir .venv/lint && cp $(LINT) .venv/lint
	PATH="$$PWD/.venv/bin:$$PATH" npm ci --ignore-scripts --silent --no-audit --no-fund --prefix .venv/lint
	touch $@

$(BENCH_VENV): $(BENCH_REQUIREMENTS)
	rm -rf .venv-bench
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement $<
	.venv-bench/bin/python -m compileall -q .venv-bench/lib tests/python/bench
	touch $@

$(CHECKOV_VENV): $(CHECKOV_REQUIREMENTS)
	rm -rf .venv-checkov
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement $<
	touch $@

# --no-deps, because the file has all dependencies, and pip cannot match extras with their pins.
$(SAM_VENV): $(SAM_REQUIREMENTS)
	rm -rf .venv-sam
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --requirement $<
	.venv-sam/bin/python -m pip check --disable-pip-version-check
	touch $@

# Without optimisation: it runs for seconds, and an optimised build takes minutes.
$(CARGO_DENY): | rust
	rm -rf .tools/cargo-deny-*
	CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --quiet --debug --locked --root .tools/cargo-deny-$(CARGO_DENY_VERSION) --version $(CARGO_DENY_VERSION) cargo-deny

$(CARGO_MACHETE): | rust
	rm -rf .tools/cargo-machete-*
	CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --quiet --debug --locked --root .tools/cargo-machete-$(CARGO_MACHETE_VERSION) --version $(CARGO_MACHETE_VERSION) cargo-machete

$(CARGO_FUZZ): | rust
	rm -rf .tools/cargo-fuzz-*
	$(CARGO) install --quiet --locked --root .tools/cargo-fuzz-$(CARGO_FUZZ_VERSION) --version $(CARGO_FUZZ_VERSION) cargo-fuzz

.PHONY: deny unused checkov fuzz test-sam sam-local programs rust
down status env fault faults-list: QUIET := --quiet
programs: rust
	@$(CARGO) build $(QUIET) $(addprefix --package ,$(PROGRAMS))

rust:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing; install it: https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing; install one (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
