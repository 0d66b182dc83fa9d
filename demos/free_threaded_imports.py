"""One extension module that does not declare itself safe without the GIL switches the GIL on, for all.

In a free-threaded Python each package is imported by a process of its own; then two modules of a few lines of
C, compiled now. They differ by that declaration, the slot Py_mod_gil.
Look for: what switches the GIL on, and the warning; and how many extension modules came with what does not.

    $ python demos/free_threaded_imports.py
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import imports
from harness import Attachment, Number, Run, parse_args, record

SOURCE = Path(__file__).with_name("gil_slot.c")
OURS = {"with_slot": ["-DSLOT"], "without_slot": []}  # how the compiler is called for each
OTHERS = Number(6, most=1000, about="packages at most that the demos do not need")
WARNED = r"\benabled\b"


def packages(about, others):
    """What the demos need, and then some others that bring extension modules."""
    needed = {module.partition(".")[0] for module in imports.DECK}
    return [*imports.DECK, *[name for name in about["packages"] if name not in needed][:others]]


def imported(which, others, times):
    """A row for each package and each of ours, --times values; in the end the picture of what was said."""
    print("Looking for a free-threaded Python ...")
    python = imports.python(which, "free-threaded")
    about, said, missing = imports.about(python), {}, []
    with TemporaryDirectory() as folder:
        failed = [imports.compiled(SOURCE, name, OURS[name], about, folder) for name in OURS]
        if any(failed):
            said[next(filter(None, failed))] = list(OURS)
        modules = [*([] if any(failed) else OURS), *packages(about, others)]
        for module, found in imports.each(python, "main", modules, times, folder):
            answer = found[-1]
            came_of_it = imports.came_of_it(answer)
            if came_of_it == "not installed":
                missing.append(imports.DECK.get(module, module))
            elif words := answer["error"] or answer["warning"]:
                said.setdefault(words, []).append(module)
            yield {
                "variant": module,
                "values": [each["extensions"] for each in found],
                "measure": "extension modules",
                "unit": "loaded",
                "parameters": {"GIL": came_of_it or ("switched on" if answer["gil"] else "stays off")},
                "interpreter": python.as_recorded(answer["gil"]),
            }
    if missing:
        said[f"python{python.short} -m pip install {' '.join(missing)}"] = ["where wheels exist"]
    yield imports.picture("warnings", f"CPython {python.version}, free-threaded", said, WARNED)


def main(argv=None):
    args = parse_args(__doc__, argv, python="free-threaded", others=OTHERS, times=(1, 1))
    which, args.python = args.python, "here"  # imported.py runs there, not the whole demo
    rows = imported(which, args.others, args.times)
    return record(args, (Run(**row) if "values" in row else Attachment(**row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
