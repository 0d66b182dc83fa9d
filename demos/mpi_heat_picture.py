"""Letters on a plate melt away; each rank computes some rows, and no border between ranks is to be seen.

Hot letters on a cold plate, drawn after some steps, from the rows of all ranks; a line marks a rank's border.
Look for: nothing at the lines; heat flows through them as if they were not there.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_heat_picture.py
"""

import sys
from itertools import chain, starmap

from harness import Attachment, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import heat
    import numpy as np
    from image import picture, ramp
    from mpi4py import MPI

LETTERS = """
#...#.####.###
##.##.#..#..#.
#.#.#.####..#.
#...#.#.....#.
#...#.#....###
"""
DOT = Number(9, 3, most=100, about="points across a dot of the letters ")
SHOWN = [0, 20, 200, 2000]  # steps
PALETTE = ramp("0b1026 5b1a6b c8354a f9a23b fff6d5", 255) + b"\xff\xff\xff"  # 255: white


def letters(dot):
    """A square plate with letters in the middle, 1 where it is hot, else 0."""
    dots = np.array([[sign == "#" for sign in line] for line in LETTERS.split()], float)
    hot = np.kron(dots, np.ones((dot, dot)))
    rim = (18 * dot - hot.shape[0]) // 2, (18 * dot - hot.shape[1]) // 2
    return np.pad(
        hot, [(rim[0], 18 * dot - hot.shape[0] - rim[0]), (rim[1], 18 * dot - hot.shape[1] - rim[1])]
    )


def melting(comm, dot):
    """The plate after the steps that are shown, whole on all ranks."""
    hot = letters(dot)
    rows = heat.rows_of(comm.rank, comm.size, len(hot))
    u, done = heat.plate(hot[rows.start : rows.stop]), 0
    for steps in SHOWN:
        u, done = heat.heat(comm, u, steps - done), steps
        yield steps, comm.bcast(heat.whole(comm, u))


def pixels(comm, fields):
    """The fields beside each other; in the gaps a line where one rank's rows end."""
    n = len(fields[0])
    gap = np.zeros((n, n // 12))
    gap[[heat.rows_of(rank, comm.size, n).start for rank in range(1, comm.size)]] = 255
    shades = [254 * field / max(field.max(), 1e-9) for field in fields]
    return np.hstack([part for shade in shades for part in (gap, shade)] + [gap]).astype(np.uint8)


def melted(comm, dot, plates):
    """The warmest point of each plate, and by their steps the plates."""
    for steps, plate in melting(comm, dot):
        plates[steps] = plate
        yield "warmest point", [100 * float(plate.max())], "heat", "%", {"steps": steps}


def drawn(comm, plates):
    words = f"Letters that melt: the plate after {', '.join(map(str, plates))} steps, by {comm.size} ranks"
    yield picture("plates", words, pixels(comm, list(plates.values())), PALETTE)


def main(argv=None):
    args, plates = parse_args(__doc__, argv, workers=Number(None), dot=DOT), {}
    runs = starmap(Run, melted(MPI.COMM_WORLD, args.dot, plates))
    return record(args, chain(runs, starmap(Attachment, drawn(MPI.COMM_WORLD, plates))))


if __name__ == "__main__":
    sys.exit(main())
