# Every command of the project. `make` alone lists them.
# Needs Python 3.11 to 3.13 and a package index; sets up .venv by itself.

PYTHON ?= python3
BIN := .venv/bin
SCRIPTS := conftest.py aebook tests tools benchmarks _ext chapters
UV_VERSION := 0.13.9
# Only `make test-backends` needs PyTorch. Where pip would fetch a build for GPUs, add
# to this the --index-url of PyTorch's CPU builds.
TORCH ?= torch==2.13.0
ON_BACKENDS := models losses training families members architectures sampling autodiff \
  checkpoint contract corruption data_format

# TensorFlow reads these before any Python of ours can set them in a kernel.
export TF_ENABLE_ONEDNN_OPTS = 0
export TF_CPP_MIN_LOG_LEVEL = 2
# On small matrices NumPy's threads wait for each other longer than they work.
export OPENBLAS_NUM_THREADS = 1
# SciPy reads it at import; without it scikit-learn skips one of its checks.
export SCIPY_ARRAY_API = 1

.DEFAULT_GOAL := help
.PHONY: help book quick test test-backends check execute serve lint lock bench bench-speed \
  bench-optimizers bench-applications parity sizes clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

book: .venv/installed ## build the site into _build/html, from the stored outputs
	@$(BIN)/jupyter-book build . -W -n --keep-going \
	  || { rm -rf _build/.doctrees; exit 1; } # or the next build forgets the warnings
	@echo "Open file://$(CURDIR)/_build/html/index.html"

# Two processes use two cores better than the threads of one; each needs up to 2.5 GB.
WORKERS ?= 2
PYTEST = $(BIN)/pytest -q -n $(WORKERS)
# With one thread for TensorFlow: two kernels at work get in each other's way with more.
test: quick ## lint, quick unit tests, doctests, book tests, every chapter run
	TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	  $(PYTEST) --dist loadfile --nbval-lax chapters

quick: .venv/installed lint
	$(PYTEST) --dist worksteal -m "not slow" --deselect README.md

# One thread for PyTorch: on busy cores its threads wait for each other.
WITH_TORCH := PYTHONPATH=$(CURDIR)/.venv/torch OMP_NUM_THREADS=1
test-backends: .venv/installed ## the tests of the models on TensorFlow, JAX and PyTorch
	@$(WITH_TORCH) $(BIN)/python -c "import torch" 2>/dev/null \
	  || { echo "PyTorch is missing; installing it into .venv/torch"; \
	       $(BIN)/python -m pip install -q --disable-pip-version-check \
	         --target .venv/torch $(TORCH); }
	@failed=; for backend in tensorflow jax torch; do \
	  echo "== $$backend"; \
	  $(WITH_TORCH) KERAS_BACKEND=$$backend $(PYTEST) --dist worksteal \
	    -W ignore::DeprecationWarning:torch.jit._script \
	    $(foreach name,$(ON_BACKENDS),$(wildcard tests/test_$(name)*.py)) \
	    || failed="$$failed $$backend"; \
	done; \
	echo "== one saved file on all three"; \
	$(WITH_TORCH) $(BIN)/pytest -q tests/test_backends.py || failed="$$failed files"; \
	$(WITH_TORCH) $(BIN)/python tests/saved_files.py || failed="$$failed files"; \
	if [ "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

# In parts: TensorFlow keeps what it traced as long as the process lives. The chapters
# run once, as a reader has them: alone, with the wheel.
check: quick book ## all that CI runs: slow tests, book, chapters alone, pages in a browser
	@for letters in a-e f g-l m n-z; do \
	  $(PYTEST) --dist worksteal -m slow tests/test_[$$letters]*.py || exit 1; done
	$(PYTEST) README.md
	$(BIN)/python tools/check_standalone.py
	$(BIN)/python tools/check_site.py _build/html

execute: .venv/installed ## run the chapters again and store their outputs
	$(BIN)/python tools/execute.py $(CHAPTERS)

serve: book ## build the site and serve it on localhost:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lint: .venv/installed
	$(BIN)/ruff check $(SCRIPTS)
	$(BIN)/ruff format --check $(SCRIPTS)
	$(BIN)/mypy

bench: .venv/installed ## compare the family (about 20 min, goes on where it was stopped)
	$(BIN)/python benchmarks/families/compare.py

bench-speed: .venv/installed ## measure training speed (about 10 min)
	$(BIN)/python benchmarks/training_speed.py

bench-optimizers: .venv/installed ## compare the optimizers (about an hour, goes on where it was stopped)
	$(BIN)/python benchmarks/optimizers/run.py
	$(BIN)/python benchmarks/optimizers/timing.py
	$(BIN)/python benchmarks/optimizers/report.py

bench-applications: .venv/installed ## compare the applications, print one table (goes on where it was stopped)
	@for script in $(filter-out %/table.py,$(wildcard benchmarks/applications/*.py)); do \
	  $(BIN)/python $$script || exit 1; done
	$(BIN)/python benchmarks/applications/table.py
	$(BIN)/python tools/hash_results.py

parity: .venv/installed ## compare the optimizers with Keras, PyTorch and optax
	$(BIN)/python benchmarks/parity.py

lock: .venv/uv ## resolve the ranges of pyproject.toml anew into requirements.txt
	$(BIN)/uv pip compile -q --upgrade pyproject.toml --all-extras --group cpu --universal \
	  --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" \
	  -o requirements.txt

sizes: ## print the plan of the package: rooms, sizes, who imports whom
	@$(PYTHON) tools/sizes.py

clean: ## remove the site, caches and the environment
	rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dist

.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; say which: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# Without --compile-bytecode every import of TensorFlow takes twice as long.
.venv/installed: .venv/uv requirements.txt pyproject.toml
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python \
	  -r requirements.txt -e .
	@touch $@
