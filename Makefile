# Everything a person or a CI job runs, one target each; `make` alone lists them.

CARGO  ?= cargo
PYTHON ?= python3

VENV   := .venv
DIST   := dist
# Cargo's own variable moves its output; what is built has to be found there.
TARGET := $(or $(CARGO_TARGET_DIR),target)

SAM    ?= sam
STACK  ?= budget-guard
# Parameters of infra/template.yaml, as Name=value; what is not named stays as it was.
PARAMETERS ?=
# `make build` builds for this machine.
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

# What SAM is asked for, with a word on what is missing.
ASK     = SAM="$(SAM)" CARGO="$(CARGO)" $(PYTHON) infra/deploy.py
OUTPUTS = $(ASK) exports $(STACK)

# How many inputs `make fuzz` tries on each target; for `sources` a hundredth as many are large ones, up to 1 MiB.
RUNS ?= 10000000

# Instrumented by the package's own flags, which RUSTFLAGS would replace. What is new is kept apart from the corpus.
FUZZ := cd tests/fuzz && mkdir -p artifacts/small artifacts/large artifacts/patterns artifacts/cost && \
	env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS $(CARGO) run --release --locked --bin
FUZZ_OPTIONS := -artifact_prefix=artifacts/ -print_final_stats=1
FUZZ_SOURCES := corpus/sources seeds/sources -dict=sources.dict $(FUZZ_OPTIONS)
# Inputs are small and equally quick: weighing them costs more than it finds.
FUZZ_PATTERNS := corpus/patterns seeds/patterns -dict=patterns.dict -entropic=0 $(FUZZ_OPTIONS)
FUZZ_COST := corpus/cost seeds/cost -dict=cost.dict $(FUZZ_OPTIONS)

BENCH := $(CARGO) bench --locked --package budget-guard-tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Cargo runs one build at a time in a folder anyway; side by side the steps would only mix their output.
.NOTPARALLEL:
.PHONY: help venv build package release fmt-check lint deny test demo picture soak sim search fuzz bench clean \
	ready deploy exports verify undeploy

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s # %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: $(VENV)/.ready ## install the AWS emulators of the tests into .venv

$(VENV)/.ready: tests/requirements.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

build: ## build the release binaries dist/bootstrap and dist/budget-guard
	mkdir -p $(DIST)
	$(CARGO) build --release --locked --package budget-guard-lambda
	$(CARGO) build --release --locked --package budget-guard
	cp $(TARGET)/release/bootstrap $(TARGET)/release/budget-guard $(DIST)

package: build ## make dist/bootstrap.zip, the Lambda deployment package
	$(PYTHON) infra/release.py zip $(DIST)/bootstrap $(DIST)/bootstrap.zip

# `make build` is not asked for: it builds for this machine alone.
release: venv ## make the archives of a release in dist/release, for every installed target of Linux
	CARGO="$(CARGO)" $(VENV)/bin/python infra/release.py all $(DIST)/release

fmt-check: ## check the formatting
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path tests/fuzz/Cargo.toml --check

lint: venv ## run clippy and cfn-lint, warnings are errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(VENV)/bin/cfn-lint infra/template.yaml

# Licences, sources and bans are held by a test as well, which needs no further program.
deny: ## check licences, sources, bans and known weaknesses with cargo-deny, where it is installed
	@if ! $(CARGO) deny --version >/dev/null 2>&1; then \
		echo "cargo-deny is not installed (cargo install --locked cargo-deny): advisories are not checked"; \
	else \
		$(CARGO) deny check licenses bans sources && \
		if $(CARGO) deny fetch db; then $(CARGO) deny check advisories; \
		else echo "the database of advisories cannot be had: advisories are not checked"; fi; \
	fi

test: venv fmt-check lint deny ## run every check and every test
	@# With the crates of the other systems, whose licences are looked at too.
	$(CARGO) fetch --locked --quiet
	$(CARGO) build --locked --workspace --bins --tests
	$(CARGO) test --locked --workspace

demo: venv ## watch the guard stop a loop, on an emulator
	$(CARGO) build --locked --workspace --bin bootstrap --bin budget-guard --bin demo
	$(TARGET)/debug/demo

picture: venv ## draw infra/demo.svg, the picture in README, from a run of the demo
	$(CARGO) build --locked --workspace --bins --test tidy --example picture
	$(TARGET)/debug/examples/picture $(TARGET)/debug/demo infra/demo.svg

soak: venv ## flood the stack on an emulator, and let it fall behind: nothing may be lost, nothing honest cut
	$(CARGO) build --locked --workspace --bin bootstrap --bin budget-guard --bin soak
	$(TARGET)/debug/soak

SEED  ?= 0
COUNT ?= 1

sim: ## simulate COUNT worlds from SEED on; one alone is told event by event
	$(CARGO) run --quiet --locked --package budget-guard-tests --bin sim -- $(SEED) $(COUNT)

DEEPER   ?= 2
TROUBLES ?= 1
# All of them if it is empty.
SCENE    ?=

search: ## search every interleaving of two guards DEEPER moves further than make test, with TROUBLES faults
	DEEPER=$(DEEPER) TROUBLES=$(TROUBLES) SCENE=$(SCENE) $(CARGO) test --quiet --locked --package budget-guard-tests \
		--test search every_interleaving -- --nocapture

fuzz: ## try RUNS hostile payloads, event patterns and alerts about cost (10000000); needs a C++ compiler
	$(FUZZ) sources -- artifacts/small $(FUZZ_SOURCES) -max_len=4096 -runs=$(RUNS)
	$(FUZZ) sources -- artifacts/large $(FUZZ_SOURCES) -max_len=1048576 -runs=$$(($(RUNS) / 100)) -timeout=20
	$(FUZZ) patterns -- artifacts/patterns $(FUZZ_PATTERNS) -max_len=512 -runs=$(RUNS) -timeout=20
	$(FUZZ) cost -- artifacts/cost $(FUZZ_COST) -max_len=4096 -runs=$(RUNS)

bench: build ## measure a large batch, calls to AWS, load, turns, memory, pattern matching, the start and a large replay
	$(BENCH) --bench batch --bench calls --bench load --bench memory --bench patterns --bench turns
	$(BENCH) --bench replay -- $(abspath $(DIST)/budget-guard)
	$(BENCH) --bench replay -- $(abspath $(DIST)/budget-guard) 300000 1000
	$(CARGO) build --release --locked --package budget-guard-tests --example empty-lambda
	$(BENCH) --bench start -- $(abspath $(DIST)/bootstrap) $(abspath $(TARGET)/release/examples/empty-lambda)

ready: ## say what make deploy lacks: programs, credentials, a Region, parameters that exist
	@command -v $(firstword $(PYTHON)) >/dev/null || \
		{ echo "$(firstword $(PYTHON)) is missing: Python 3.11 or later is needed (PYTHON=python3.11)" >&2; exit 1; }
	@$(ASK) ready $(STACK) $(PARAMETERS)

deploy: ready package ## make or update the stack STACK in AWS, with PARAMETERS
	$(SAM) deploy --template-file infra/template.yaml --stack-name $(STACK) --resolve-s3 \
		--capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
		--parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS)
	@$(OUTPUTS)

# Used as eval "$(make -s exports)".
exports: ## print what the command line needs of the stack, as lines that a shell evaluates
	@$(OUTPUTS)

verify: ## have the deployed guard cut a harmless rule, and print how long it took
	@exports="$$($(OUTPUTS))" && eval "$$exports" && $(DIST)/budget-guard drill

undeploy: ## remove the stack, after asking; the table stays
	@exports="$$($(OUTPUTS))" && eval "$$exports" && $(DIST)/budget-guard status && \
		echo "The table $$BUDGET_GUARD_TABLE stays. What is open above stays cut, and needs it to be put back." && \
		echo "CloudFormation deletes no policy that principals outside the stack still have. They are listed by" && \
		echo "  aws iam list-entities-for-policy --policy-arn $$OPERATOR_POLICY_ARN"
	@$(SAM) delete --stack-name $(STACK) || { \
		echo "The stack is not deleted. If it is because of the operator's policy, take the policy off the principals" && \
		echo "that the command above lists (infra/remove.md), and run make undeploy again."; exit 1; }

clean: ## remove everything built or installed here
	$(CARGO) clean
	rm -rf $(DIST) $(VENV) tests/fuzz/target tests/fuzz/artifacts
