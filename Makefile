# Everything a person or a machine does here, one line each. `make quickstart` is the place to begin.

VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: methods realdata quickstart setup test check bless grammar fuzz docs lock demo ahead bench bench-quick bench-scores coverage-study clean

quickstart: setup ## Run the example audit on the built-in demo model.
	$(VENV)/bin/cyclspec run specs/quickstart.cycl

setup: $(VENV)/ready ## Make the environment from the lock.

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# torch is an oracle of the tests, never a dependency: it comes first, so that nothing else chooses a build of it.
$(VENV)/ready-for-tests: $(VENV)/ready requirements-test.txt
	$(PIP) install torch==2.13.0
	$(PIP) install --require-hashes -r requirements-test.txt
	touch $@

test: $(VENV)/ready-for-tests ## The whole suite.
	$(PY) -m pytest -n 2 --dist loadfile

check: $(VENV)/ready-for-tests ## Style, types, layers and words.
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m pytest -q tests/language/test_layering.py

bless: $(VENV)/ready-for-tests ## Record the renderings of tests/bad anew; read the difference before you commit it.
	CYCLSPEC_BLESS=1 $(PY) -m pytest -q tests/language/test_diagnostics.py tests/explain tests/docs/test_tutorial.py

grammar: setup ## Build the parser's table from the grammar.
	$(PY) scripts/parse_table.py

fuzz: $(VENV)/ready-for-tests ## 100,000 mutated programs: no traceback, no hang (minutes).
	$(PY) scripts/fuzz.py --count 100000

docs: $(VENV)/ready-for-tests ## Build the pages of the documentation into build/docs.
	$(VENV)/bin/mkdocs build --strict --site-dir build/docs

demo: $(VENV)/ready-for-tests ## Make the demo's data and train its model anew (minutes).
	$(PY) scripts/demo/make_data.py
	$(PY) scripts/demo/train_model.py

methods: setup ## The four methods on the demo model and two random checkpoints (minutes).
	$(PY) scripts/methods/show.py build/methods

# Files of others, which are no part of this project; docs/published.md says where they are from.
DATA ?= ../shared/data
REALDATA := mena=mena_values multilingual=multicultural_alignment_da_nl_pt_en \
            scruples=scruples_human_label_counts worldvalues=worldvaluesbench dilemmas=. first_token=.

realdata: $(VENV)/ready-for-tests ## Published scores computed again, from the files of their authors in DATA=FOLDER (minutes).
	@for pair in $(REALDATA); do \
	  echo "== $${pair%%=*}"; \
	  $(PY) scripts/realdata/$${pair%%=*}.py $(DATA)/$${pair#*=} build/realdata/$${pair%%=*} || exit 1; \
	done

# The peers have an environment of their own: nothing here depends on them.
BENCH := build/bench-venv

$(BENCH)/ready: requirements.txt benchmarks/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install torch==2.13.0
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements.txt
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements.txt
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	touch $@

bench: $(BENCH)/ready ## Measure the engine and its peers (25 minutes); `make bench OPTIONS="--only W1"` for a part.
	$(BENCH)/bin/python -m benchmarks.run $(OPTIONS)

# A TPU's compiler, on the path of this one command: jax would look for the chip wherever it is installed.
build/libtpu: benchmarks/requirements-tpu.txt
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --target $@ -r $<
	touch $@

ahead: $(BENCH)/ready build/libtpu ## Compile the programs of W1, W2 and W4 for a TPU that is not here (minutes).
	PYTHONPATH=build/libtpu $(BENCH)/bin/python -m benchmarks.ahead $(OPTIONS)

bench-quick: $(VENV)/ready-for-tests ## Whether the benchmarks run and agree, on a tiny checkpoint (a minute).
	$(PY) -m benchmarks.run --quick

bench-scores: $(VENV)/ready-for-tests ## Measure scores beside NumPy and pandas (10 minutes).
	$(PY) -m benchmarks.scores.run $(OPTIONS)

coverage-study: $(VENV)/ready-for-tests ## How often intervals hold the truth: 10,000 simulated audits a row, into docs/statistics.md (minutes).
	$(PY) -m benchmarks.coverage --write

lock: ## Resolve the dependencies anew; needs uv.
	uv lock --quiet
	uv export --quiet --no-emit-project --no-default-groups --group build --no-header -o requirements.txt
	uv export --quiet --no-emit-project --group build --group test --no-header -o requirements-test.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
