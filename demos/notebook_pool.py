"""A worker that is a new Python, not a fork, does not know what a notebook's cells have defined.

A real Jupyter kernel, started and ended here, runs cells that map a function over two workers.
Look for: forkserver and spawn break, a Pool even never ends; a module, joblib and threads are ways out.

    $ python demos/notebook_pool.py
"""

import multiprocessing
import re
import sys
import textwrap
from itertools import chain

import textpicture
from harness import Attachment, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import ipykernel  # noqa: F401  (the kernel)
    import joblib  # noqa: F401  (for the kernel)
    from cells import notebook

IMPORTS = """\
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from joblib import Parallel, delayed
from multiprocessing import get_context"""
FUNCTION = "def square(x):\n    return x * x"
PROCESSES = """\
with ProcessPoolExecutor(2, get_context("{}")) as pool:
    print(list(pool.map({}, range(4))))"""
POOL = """\
with get_context("spawn").Pool(2) as pool:
    print(pool.map_async(square, range(4)).get(timeout={}))"""
DEADLINE = Number(1.0, 0.5, least=0.1, most=20.0, about="seconds until a Pool that never ends is given up")


def ways(deadline):
    methods = multiprocessing.get_all_start_methods()
    return {method: PROCESSES.format(method, "square") for method in methods} | {
        "spawn, Pool": POOL.format(deadline),
        "spawn, a module's function": "import squares\n" + PROCESSES.format("spawn", "squares.square"),
        "joblib (loky)": "print(Parallel(2)(delayed(square)(x) for x in range(4)))",
        "threads": "with ThreadPoolExecutor(2) as pool:\n    print(list(pool.map(square, range(4))))",
    }


def attempts(cells):
    """A row for each way; in the end the picture of the errors."""
    print("Starting a notebook's kernel ...")
    errors = {}
    with notebook(IMPORTS, FUNCTION, f"%%writefile squares.py\n{FUNCTION}") as book:
        for way, cell in cells.items():
            seconds, printed, errors[way] = book.run(cell)
            ended = "never ends" if "TimeoutError" in errors[way] else "breaks"
            outcome = "works" if printed == "[0, 1, 4, 9]" else ended
            yield [(way, [seconds], "took", "s", {"outcome": outcome})], []
        yield [], [picture(cells, errors["spawn"], book.complaints())]


def picture(cells, error, complaints):
    """A name, words and an SVG: two of the cells, and what they say."""
    why = re.search("^AttributeError: .+", complaints, re.M)[0]
    died = len(re.findall(r"^Process SpawnPoolWorker-\d+:", complaints, re.M))
    story = [FUNCTION, "", cells["spawn"], error, f"In each worker: {why}", "", cells["spawn, Pool"]]
    story.append(f"Never ends. Workers that have died of it until it was given up: {died}")
    lines = [row for line in "\n".join(story).splitlines() for row in textwrap.wrap(line, 76) or [""]]
    return "errors", "\n".join(lines), textpicture.draw(lines, r"\w+(Error|Pool):|Never ends")


def main(argv=None):
    args = parse_args(__doc__, argv, deadline=DEADLINE)
    tried = attempts(ways(args.deadline))
    shown = ([*(Run(*row) for row in rows), *(Attachment(*at) for at in errors)] for rows, errors in tried)
    return record(args, chain.from_iterable(shown))


if __name__ == "__main__":
    sys.exit(main())
