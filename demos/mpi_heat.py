"""A plate that cools, cut into rows: each rank computes its own, and sends its border rows to its neighbours.

The same steps on 1, 2, 4 … ranks, while the others sleep. Strong scaling: the same plate for all; weak: a
plate that grows with the ranks, and the points that they compute in a microsecond.
Look for: a speedup near the number of ranks, while each has a core and enough rows; and the same field for
all of them, to the last bit.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_heat.py
"""

import sys

from harness import Number, needs_packages, parse_args, record, sweep

with needs_packages():
    import heat
    from ranks import first_ranks, slowest_rank

N = Number(320, 40, least=4, most=20_000, about="rows and columns: in a core's own cache ")
STEPS = Number(4000, 20, most=10_000_000, about="steps ")


def cooled(comm, height, width, steps):
    """What has become of a plate: on rank 0 its size, a digest of its bits, and how far it is off."""
    rows = heat.rows_of(comm.rank, comm.size, height)
    plate = heat.plate(heat.sine(rows, height, width))
    field = heat.whole(comm, heat.heat(comm, plate, steps))
    return None if field is None else (field.size, heat.digest(field), heat.error(field, steps))


def strong(n, steps, workers):
    return first_ranks(workers, cooled, n, n, steps)


def weak(n, steps, workers):
    return first_ranks(workers, cooled, n * workers, n, steps)


def counts(workers):
    """1, 2, 4 … ranks, and all of them."""
    return sorted({workers, *(1 << i for i in range(workers.bit_length()))} & set(range(1, workers + 1)))


def explain(runs, steps):
    """Pass the runs on; a plate that becomes two fields is a fault. Of more work the rate is told."""
    digests = {}
    for run in runs:
        points, digest, off = run.result
        heat.must_be(digest, digests.setdefault(points, digest))
        if run.variant == "weak":
            run.measure, run.unit = "points", "/µs"
            run.values = [points * steps / 1e6 / seconds for seconds in run.values]
        yield run
    same = "the same field, to the last bit; " * (len(digests) == 1 < run.parameters["workers"])
    print(f"{same}off by {off:.0e} from the exact one")


SCALING = {"strong": strong, "weak": weak}


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None), n=N, steps=STEPS, scaling=SCALING)
    options = {"workers": counts(min(args.workers, args.n)), "timed": slowest_rank}
    runs = sweep([SCALING[args.scaling]], args.n, args.steps, **options)
    return record(args, explain(runs, args.steps))


if __name__ == "__main__":
    sys.exit(main())
