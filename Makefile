# The habits of the house; `make` alone lists them. PYTHON names the interpreter of the environment, where it is another.
PYTHON ?= .venv/bin/python

.PHONY: help lint test slow docs bench picture release-check

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lint:  ## form, types, and the rules of import
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(dir $(PYTHON))lint-imports

test:  ## what a change has to pass, in five minutes
	$(PYTHON) -m pytest -n 2 --dist loadfile -m 'not slow'

slow:  ## what takes long by its nature, which CI runs as well
	$(PYTHON) -m pytest -n 2 --dist loadfile -m slow

docs:  ## the documentation, with warnings as errors, into build/docs
	$(PYTHON) -m sphinx -W docs build/docs

picture:  ## the rooms in docs/architecture.md, drawn anew
	$(PYTHON) tools/architecture.py

bench:  ## the ratios in benchmarks/ that need no recordings
	$(PYTHON) benchmarks/import_time.py > benchmarks/import_time.md
	$(PYTHON) benchmarks/overhead.py > benchmarks/overhead.md
	$(PYTHON) benchmarks/history.py > benchmarks/history.md
	$(PYTHON) benchmarks/schedule.py > benchmarks/schedule.md

release-check:  ## all of CI, as it runs for a change
	.ci/run
