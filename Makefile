# Each target first sets up what it needs by itself: slides/setup.py prints the Python that has it.
PYTHON ?= python3

help:     ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' Makefile
	@sed -n 's/^##$$//p; s/^## //p' Makefile
	@sed -n 's/^    \$$ /    /p' demos/*.py

present:  ## the slideshow, live in your browser; Ctrl-C ends it
	@python=$$("$(PYTHON)" slides/setup.py) && exec "$$python" slides/present.py

slides:   ## run every cell on this machine and write build/slides/index.html: to read, and for emergencies
	@python=$$("$(PYTHON)" slides/setup.py) && exec "$$python" slides/export.py

doctor:   ## what works on this machine, and the mend for what does not
	@python=$$("$(PYTHON)" slides/setup.py) && exec "$$python" slides/doctor.py

test:     ## every test, and the style of the code
	@python=$$("$(PYTHON)" slides/setup.py --group test) && exec "$$python" -m pytest -n auto $(TESTS)

test-all: ## every test in every combination: both engines, all sizes and looks, all start methods (an hour)
	@python=$$("$(PYTHON)" slides/setup.py --group test) && exec "$$python" -m pytest -n auto -m "" $(TESTS)

check-slides: ## every slide in a browser, live and exported, three sizes, light and dark; with screenshots
	@python=$$("$(PYTHON)" slides/setup.py --group test) && echo "Screenshots: build/screenshots" && \
	SCREENSHOTS=build/screenshots exec "$$python" -m pytest tests/test_slides.py -m "" $(TESTS)

record:   ## run the demos of the slides and keep the recordings that the stage falls back on
	@python=$$("$(PYTHON)" slides/setup.py) && exec "$$python" slides/record.py

exercises: ## copy the exercises to build/exercises, for you to edit; needs no set-up
	@exec "$(PYTHON)" slides/exercises/hand_out.py

free-threaded: ## a Python without a GIL for the demos, by uv, where there is none; needs no set-up
	@exec "$(PYTHON)" slides/free_threaded.py

clean:    ## remove build/, your exercises, too (the environment stays; to make it anew remove .venv)
	rm -rf build

##
## Variables, for example make present CLASSIC=1
##   PYTHON=python3.13   the Python to set up with        (all; default: python3)
##   TALK=30min          a route of slides/routes         (present, slides)
##   PARTS="20 90"       only these parts, in this order  (present, slides)
##   REPLAY=1            show recordings, run nothing     (present, slides)
##   CLASSIC=1           classic RISE, the fallback       (present)
##   PORT=8888           a port of your choice            (present)
##   NO_BROWSER=1        print the address only           (present)
##   DEMO=gil_lanes      only this demo                   (record)
##   TESTS="-k doctor"   only these tests; pytest's words (test)
##
## Each demo also runs alone:

.PHONY: help present slides doctor test test-all check-slides record exercises free-threaded clean
