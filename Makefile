# Two commands, nothing before them: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help run test lessons elsewhere notebooks body scaling books table homework student wheel book slides pdf site browser-test bench gpu lint format clean
help:
	@echo "make run     set up .venv once, then the main job: pre-train, fine-tune four tasks, print the table"
	@echo "make test    the same set-up, then the linter, every test, and every lesson against its stored outputs"
	@echo "make lessons run the lessons against their stored outputs    make notebooks  run them and store their outputs again"
	@echo "make elsewhere  the lessons as five other machines would run them: other rounding, kernels, threads"
	@echo "make body    train the body that the lessons load        make scaling, make books BOOKS=folder  the runs that lesson 00 draws"
	@echo "make table   write the tables of README and docs/results.md from docs/results"
	@echo "make homework from instructor/: the students' notebooks, and what their check compares with"
	@echo "make student build/student: lessons without outputs, homework, data and the wheel: what students get"
	@echo "make wheel   dist/minigpt-*.whl: what students install, without the answers"
	@echo "make book    build/book, make slides  build/slides: HTML that needs no network    make browser-test  both in Chromium"
	@echo "make site    build/site: deck (as PDF too where Chromium is), explorer, book and homework in one folder for any host"
	@echo "make bench   speed beside other packages: benchmarks/RESULTS-KIND.md    PEERS=folder adds their checkouts"
	@echo "make gpu     on a machine with a GPU and PyTorch, installing nothing: the CUDA tests, then benchmarks/RESULTS-GPU.md"
	@echo "make lint    ruff: style and mistakes          make format  ruff: rewrite to the house style"
	@echo "make clean   remove .venv; your runs stay"

run: .venv/installed
	@$(BIN)/minigpt run

test: .venv/installed lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile
	@$(MAKE) --no-print-directory lessons

# One process a notebook, two at a time, one thread each.
lessons: .venv/installed
	@ls chapters/*/lesson.ipynb | OMP_NUM_THREADS=1 xargs -P 2 -n 1 $(BIN)/python -m pytest --no-header \
		--nbval --nbval-current-env --nbval-cell-timeout 1800 -p no:cacheprovider

notebooks: .venv/installed
	@OMP_NUM_THREADS=1 $(BIN)/python chapters/run_lessons.py

# LESSONS=06 takes one lesson, REGIMES=2 one of the five regimes, counted from 0.
elsewhere: .venv/installed
	@$(BIN)/python chapters/elsewhere.py $(LESSONS) $(if $(REGIMES),--regimes $(REGIMES))

body: .venv/installed
	@$(BIN)/python -m minigpt.studies.shipped datasets/toy_world/body

scaling: .venv/installed
	@OMP_NUM_THREADS=1 $(BIN)/python -m minigpt.studies.scaling chapters/00_overview/scaling.csv

# BOOKS=folder of at least ten .txt files; only numbers are written.
books: .venv/installed
	@OMP_NUM_THREADS=1 $(BIN)/python -m minigpt.studies.books "$(BOOKS)" chapters/00_overview/books.csv

table: .venv/installed
	@$(BIN)/python docs/tables.py

# What students get: lessons without outputs, with a place for each prediction, homework, data and the wheel.
student: wheel
	@$(BIN)/python chapters/student.py
	@cp "dist/minigpt-$$($(BIN)/python -c 'import minigpt; print(minigpt.__version__)')-py3-none-any.whl" build/student

# What students install: never what an older build left, and nothing of instructor/.
wheel: .venv/installed
	@rm -rf build/lib
	@$(BIN)/python -m pip wheel . --no-deps --no-build-isolation --quiet --disable-pip-version-check -w dist
	@ls dist/*.whl

# The students' notebooks, and the numbers that `check` compares with.
homework: .venv/installed
	@$(BIN)/python instructor/homework.py

bench: .venv/installed
	@$(BIN)/python -m benchmarks $(if $(PEERS),--peers "$(PEERS)")

# Uses the Python that is there, since a GPU's machine has its own PyTorch.
gpu:
	@$(PYTHON) -m pytest -q tests/test_cuda.py tests/test_model.py tests/test_attention.py -k cuda
	@$(PYTHON) -m benchmarks.gpu $(if $(PEERS),--peers "$(PEERS)")

book: .venv/book
	@$(BIN)/python site/book.py

slides: .venv/book
	@$(BIN)/python site/slides.py

pdf: slides
	@$(BIN)/python site/pdf.py

# One folder for any static host; with the deck as PDF where there is Chromium to print it.
site: slides
	@if [ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then $(BIN)/python site/pdf.py; fi
	@$(BIN)/python site/together.py

# Needs Chromium and a Chinese font: apt-get install chromium fonts-noto-cjk
browser-test: .venv/book
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile browser_tests

lint: .venv/installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: .venv/installed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The stamp is written last: an installation that was cut short starts again.
.venv/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "minigpt needs Python 3.11 or newer and found no '$(PYTHON)': install it, or name one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "minigpt needs Python 3.11 or newer, '$(PYTHON)' is $$($(PYTHON) -V 2>&1): name a newer one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "minigpt needs Python's venv module, missing in '$(PYTHON)': on Debian or Ubuntu, apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv, once (a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[notebooks,test,grading,gpt1,corpus]'
	@touch $@

# What only the book, the slides and their tests need.
.venv/book: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[notebooks,test,grading,gpt1,corpus,book]'
	@touch $@

clean:
	rm -rf .venv
