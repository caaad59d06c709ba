# `make` alone prints what each target does.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lab docs bench lint clean

help: ## print this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: ## make .venv and node_modules ready (the others do it too)
	@scripts/setup.sh

demo: setup ## record a real notebook, change it, repeat only what that touches, rewind it
	@.venv/bin/python scripts/demo.py

test: setup ## all test suites, sized for two cores
	@scripts/test.sh

test-all: setup ## all tests, also the slow ones, and everything on the second Python
	@scripts/test.sh --all

lab: setup ## open JupyterLab on the example, with the extension as it is here and its panel shown
	@scripts/lab.sh

docs: setup ## build the documentation into build/docs, and check it
	@scripts/docs.sh

bench: setup ## measure; nothing is asserted
	@.venv/bin/python bench/run.py

lint: setup ## all linters; changes nothing
	@scripts/lint.sh

clean: ## remove what was built; .venv and node_modules stay
	rm -rf lib tsconfig.tsbuildinfo build dist core/dist coverage demo-out .setup/build .setup/extension
	rm -rf jupyter_server_ext/nbrewind_server/labextension ui-tests/test-results ui-tests/playwright-report
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .pytest_cache core/.pytest_cache .eslintcache .stylelintcache
	find core jupyter_server_ext scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
