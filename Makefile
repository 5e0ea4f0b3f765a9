# Every target sets up what it needs first; what is there already is skipped. `make` lists them.

PYTHON ?= python3
BIN := .venv/bin
# Node, which the CDK needs, is installed in there too.
IN_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"
CDK := .tools/cdk/node_modules/.bin/cdk
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header
# Code is searched for all that looks random or is called a password; made-up values in tests look
# so too, so there only what has the shape of a real key counts. ('test' is MiniStack's root key.)
# The hashes of a lock look random as well; only in their own fields, so nothing else hides there.
HASHES := \b(commit|tree|sha256|revision) = "[0-9a-f]{40,64}"
NOT_SECRET := --exclude-files '^tests/' --exclude-secrets '^test$$' --exclude-lines 'BucketNotificationsHandler|$(HASHES)'
SHAPES_OF_KEYS := $(foreach kind,Base64HighEntropyString HexHighEntropyString KeywordDetector,--disable-plugin $(kind))

# Modules are compiled once, also where a machine says never to: the tests start a thousand processes.
export PYTHONDONTWRITEBYTECODE :=

# What asks an engine, and can therefore ask a real ComfyUI.
ON_COMFYUI := tests/local/test_engine_conformance.py tests/local/test_recipes_on_comfyui.py \
	tests/worker/test_against_engine.py tests/worker/test_fault_engine.py tests/worker/test_fault_kill.py \
	tests/worker/test_fault_table.py

# The CDK's command line asks AWS whose credentials it has, where it finds any.
NO_ACCOUNT := env -u AWS_ACCESS_KEY_ID -u AWS_PROFILE -u AWS_CONTAINER_CREDENTIALS_RELATIVE_URI \
	-u AWS_CONTAINER_CREDENTIALS_FULL_URI -u AWS_WEB_IDENTITY_TOKEN_FILE \
	AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

STAGE ?= prod

.PHONY: help setup installed demo test test-comfyui check chaos bench synth bootstrap deploy destroy lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: installed ## Install everything into .venv and .tools
	@echo "Everything is installed. Next: make demo"

installed:
	@$(PYTHON) -I local/set_up.py

demo: installed ## Start the whole service on this machine, make one picture, stay until Ctrl-C
	@exec $(BIN)/distillery demo "a red fox"

test: installed ## Run every test; none needs an account or a network
	@$(BIN)/python -m tests.fetch_browser
	@$(IN_VENV):"$(CURDIR)/.tools/chromium/bin" pytest -q -n 3

test-comfyui: installed ## The same on the ComfyUI at COMFYUI_URL: what it says, whole jobs, faults
	@test -n "$$COMFYUI_URL" || { echo "Say which ComfyUI: COMFYUI_URL=http://127.0.0.1:8188 make test-comfyui"; exit 2; }
	@$(IN_VENV) pytest -q -rs --durations=5 $(ON_COMFYUI)

check: installed ## Lint (code, workflows, templates), types, imports, house rules, secrets
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint gpu_container/Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/zizmor --quiet --offline .github
	@git ls-files -z --cached --others --exclude-standard > .tools/files
	@xargs -0 < .tools/files $(BIN)/detect-secrets-hook --no-verify $(NOT_SECRET)
	@xargs -0 < .tools/files $(BIN)/detect-secrets-hook --no-verify $(SHAPES_OF_KEYS)
	@$(IN_VENV) pytest -q tests/house_rules "tests/infra/test_lint.py::test_the_templates_are_clean[prod]"

chaos: installed ## Break everything in every way, and print whether each promise was kept
	@$(IN_VENV) python -m local.chaos

bench: installed ## Measure the interactions room and the local service, and say how to repeat it
	@$(IN_VENV) python -m benchmarks

synth: installed ## Write the CloudFormation template to cdk.out, without an AWS account
	@$(NO_ACCOUNT) $(IN_VENV) $(CDK) synth --quiet -c settings_file=/dev/null -c application_id=1 -c public_key=$$(printf '%064d' 0) \
		-c runpod_endpoint_id=example -c sagemaker_endpoint_name=example

bootstrap: installed ## Prepare an AWS account and region for deployments, once
	@$(IN_VENV) $(CDK) bootstrap -c stage=$(STAGE)

deploy: installed ## Deploy what distillery.toml says to AWS; STAGE=dev for the other stage
	@$(IN_VENV) $(CDK) deploy --all --require-approval never -c stage=$(STAGE)

destroy: installed ## Remove what deploy made, but for what keep_data keeps
	@$(BIN)/distillery destroy --stage $(STAGE)

lock: installed ## Pin the newest versions of all packages
	@$(LOCK) --group dev pyproject.toml --output-file requirements.txt
	@$(LOCK) --group embedded-aws --output-file local/ministack.txt

clean: ## Remove all that the other targets made
	@if [ -e .local/state.json ]; then $(BIN)/distillery local down; fi
	@rm -rf .venv .tools .local build cdk.out .coverage .*_cache .hypothesis *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
