"""A plate that cools, cut into rows: each rank computes its own, and sends its border rows to its neighbours.

The same steps on 1, 2, 4 … ranks, while the others sleep. Strong scaling: the same plate for all; weak: a
plate that grows with the ranks, so that a speedup of 1 is the best.
Look for: a speedup near the number of ranks, and the same field for all of them, to the last bit.

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
    """What has become of a plate: on rank 0 a digest of all its bits, and how far it is off."""
    rows = heat.rows_of(comm.rank, comm.size, height)
    plate = heat.plate(heat.sine(rows, height, width))
    field = heat.whole(comm, heat.heat(comm, plate, steps))
    return None if field is None else (heat.digest(field), heat.error(field, steps))


def strong(n, steps, workers):
    return first_ranks(workers, cooled, n, n, steps)


def weak(n, steps, workers):
    return first_ranks(workers, cooled, n * workers, n, steps)


def counts(workers):
    """1, 2, 4 … ranks, and all of them."""
    return sorted({workers, *(1 << i for i in range(workers.bit_length()))} & set(range(1, workers + 1)))


def checked(runs):
    """The rows, and whether what was the same plate became the same field."""
    results = set()
    for run in runs:
        results.add(run.result)
        yield run
    same = "the same field, to the last bit; " * (len(results) == 1)
    print(f"{same}off by {max(off for _, off in results):.0e} from the exact one")


SCALING = {"strong": strong, "weak": weak}


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None), n=N, steps=STEPS, scaling=SCALING)
    job = [SCALING[args.scaling]], args.n, args.steps
    return record(args, checked(sweep(*job, workers=counts(args.workers), timed=slowest_rank)))


if __name__ == "__main__":
    sys.exit(main())
