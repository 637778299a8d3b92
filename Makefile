# Every command a contributor needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench simulate fsck package admin-key replay-erasures vectors trees clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) infra/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what Kvitto needs into $(VENV) (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip<26.3'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(STAMP)

run: $(STAMP) ## Start Kvitto on this machine with demo data (PORT, HOST, DEMO_SUBSCRIBERS)
	@exec $(BIN)/python -m infra.local.run

test: $(STAMP) ## Run every test; installs Debian's Chromium when run as root
	@infra/install_chromium.sh
	@infra/install_oracle.sh
	@$(BIN)/python -m pytest -n 3 --dist loadgroup --durations 40 --durations-min 4

lint: $(STAMP) ## Lint, types, import contracts, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/make_vectors.py --check
	@$(BIN)/python tools/make_page_hashes.py --check

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure, as JSON lines (CPU time, counted AWS calls, memory)
	@$(BIN)/python -m infra.bench

simulate: $(STAMP) ## Run PART=ledger|sending|all through SEEDS lives full of faults (SEED=n replays one)
	@$(BIN)/python -m tests.simulation --part $(or $(PART),all) $(if $(SEED),--seed $(SEED),$(if $(SEEDS),--seeds $(SEEDS)))

fsck: $(STAMP) ## Re-derive the whole log from its entries and name the first difference
	@$(BIN)/python -m infra.fsck

package: $(STAMP) ## Build dist/deployment.zip and dist/sam.json
	@$(BIN)/python -m infra.package

admin-key: $(STAMP) ## Make the first API key with your own AWS identity
	@$(BIN)/python -m infra.admin_key

replay-erasures: $(STAMP) ## After a restore: erase again whom the backup brought back
	@$(BIN)/python -m infra.replay_erasures

vectors: $(STAMP) ## Write the test vectors anew
	@$(BIN)/python tools/make_vectors.py

trees: $(STAMP) ## Write the approved accessibility trees anew; then read the difference
	@$(BIN)/python -m pytest -q tests/browser/test_trees.py --approve-trees

clean: ## Remove what was built and the local stack's logs (keys stay)
	@rm -rf .local/logs dist .chalice/deployments .pytest_cache .mypy_cache .ruff_cache
