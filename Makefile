# Everything runs from a virtual environment in the checkout; nothing is installed outside it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLES := shop bookinfo sticky

.PHONY: demo test engines conformance support lint bench fuzz scaling tools clean

SECONDS ?= 600
JOBS ?= 1

## demo: compile and verify the examples, show where one request goes
demo: $(VENV)/.run
	@for story in $(EXAMPLES); do $(BIN)/graymesh compile examples/$$story || exit 1; done
	@for story in $(EXAMPLES); do $(BIN)/graymesh verify -q examples/$$story || exit 1; done
	@echo
	$(BIN)/graymesh route examples/shop/releases/product-service.yaml --cookie beta=1 --path /products/42

## test: all tests; none needs an engine
test: $(VENV)/.dev
	$(BIN)/pytest -n auto

## engines: set up the engines that are missing, in the user's cache; half an hour when nothing is there yet
engines: $(VENV)/.dev
	$(BIN)/python -m tests.conformance engines

## conformance: hold the compiled files of all examples, cases and generated releases to the engines that are there
conformance: $(VENV)/.dev
	$(BIN)/python -m tests.conformance run $(if $(MISSING),--allow-none) $(if $(BRIEF),--brief)
	$(BIN)/pytest -n 2 --dist loadfile tests/conformance

## support: the same, and the tables of the documentation from what was seen
support: $(VENV)/.dev
	$(BIN)/python -m tests.conformance run --write-report
	$(BIN)/python -m tests.conformance tables

## lint: style, layering and types
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.typed

## bench: CPU of graymesh beside its peers, as ratios within one run
bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.run

## fuzz: hostile files through the whole command line, for SECONDS=600 on JOBS=1 cores; what fails is kept in fuzz-found/
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --jobs $(JOBS)

## scaling: how CPU time grows with inputs of one kind of repeated element
scaling: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz.scaling

## tools: programs of others that some tests drive (yaml-language-server, kustomize), kept in the user's cache folder
tools: $(VENV)/.dev
	$(BIN)/python -m tests.tools

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
