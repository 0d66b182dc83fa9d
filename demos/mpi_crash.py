"""An exception on one rank lets all others wait for ever; with `-m mpi4py` it ends them all.

Rank 0 waits for a word of rank 1, which fails first; in an mpiexec of its own that a deadline ends.
Look for: the hang, beside the launches that end at once, each with the last words of Python and of MPI.

    $ python demos/mpi_crash.py
"""

import re
import sys
import textwrap

from doomed_ranks import shown, watch
from harness import Number, parse_args, record

CASES = {
    "python child.py": ["mpi_crash_child.py", "exception"],
    "python -m mpi4py child.py": ["-m", "mpi4py", "mpi_crash_child.py", "exception"],
    "python child.py, kill -9": ["mpi_crash_child.py", "kill"],
}
DEADLINE = Number(1.0, 0.2, least=0.1, most=60.0, about="least seconds of silence that mean: it hangs")
LAST_WORDS = re.compile("Error: |MPI_Abort|signal 9", re.IGNORECASE)
COLUMNS = 72  # of the picture, without a margin of four


def attempts(deadline):
    """Each case, its seconds and how it ended; and in the picture, the last words."""
    for name, words in CASES.items():
        told = watch(words, deadline)
        said = [line for line in told.lines if LAST_WORDS.search(line)]
        outcome = "hangs" if told.hangs else "aborts"
        said.append(
            f"{outcome}: {'ended by the deadline' if told.hangs else 'over'} after {told.seconds:.2f} s"
        )
        lines = [
            textwrap.fill(line, COLUMNS, initial_indent="    ", subsequent_indent="    ") for line in said
        ]
        picture = "\n".join([f"mpiexec -n 2 {name}", *lines]).splitlines()
        yield name, told.seconds, "hangs" if told.hangs else "aborts", picture


def main(argv=None):
    args = parse_args(__doc__, argv, deadline=DEADLINE)
    return record(args, shown(attempts(args.deadline), "watched", "s", "hangs|aborts"))


if __name__ == "__main__":
    sys.exit(main())
