"""Every interpreter imports for itself, and some extension modules can be loaded in the first one only.

A Python from 3.14 on is looked for; each module is imported in a new interpreter, in a process of its own.
Look for: most of the standard library can be imported, and pure Python; NumPy, and all that needs it, cannot:
the errors say why.

    $ python demos/subinterpreter_imports.py
"""

import sys

import imports
from harness import Attachment, Run, parse_args, record

STANDARD = ["json", "decimal", "sqlite3", "ctypes", "faulthandler", "readline"]
ERROR = r"\w+Error"


def imported(which, times):
    """A row for each module, --times values; in the end the picture of the errors."""
    print("Looking for a Python with subinterpreters ...")
    python, said = imports.python(which, "subinterpreters"), {}
    for module, found in imports.each(python, "new", [*STANDARD, *imports.DECK], times):
        error = found[-1]["error"]
        came_of_it = imports.came_of_it(found[-1])
        if error and came_of_it != "not installed":
            said.setdefault(error, []).append(module)
        yield {
            "variant": module,
            "values": [0 if error else each["ms"] for each in found],
            "measure": "import",
            "unit": "ms",
            "parameters": {"new interpreter": came_of_it or "yes"},
            "interpreter": python.as_recorded(found[-1]["gil"]),
        }
    yield imports.picture("errors", f"CPython {python.version}, in a new interpreter", said, ERROR)


def main(argv=None):
    args = parse_args(__doc__, argv, python="subinterpreters", times=(1, 1))
    which, args.python = args.python, "here"  # imported.py runs there, not the whole demo
    rows = imported(which, args.times)
    return record(args, (Run(**row) if "values" in row else Attachment(**row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
