"""Engines that mpiexec started are the ranks of one MPI world: functions sent to them may use MPI.

Computes pi by the midpoint rule, and allreduce adds the shares: on engines, then on new ranks each time.
Look for: the same pi on every rank; what a call costs where ranks must start, and where they are engines.

    $ python demos/ipp_mpi.py
"""

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from harness import CannotRun, Number, compare, needs_packages, parse_args, record

with needs_packages():
    import mpi4py  # noqa: F401  (for the engines; here it starts no MPI)
    from cluster import cluster, mpiexec

STEPS = Number(500_000, 1000, least=1, most=10**10, about="of the integration")
HERE = Path(__file__).resolve().parent
ERROR = 1e-12  # at most, by which two sums of the same numbers differ: they are rounded in another order


def pi(steps):
    """On each rank: add every size-th rectangle below 4 / (1 + x²); the sum over all ranks."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    middles = ((i + 0.5) / steps for i in range(comm.rank, steps, comm.size))
    return comm.allreduce(sum(4 / (1 + x * x) for x in middles) / steps)


def engines_are_ranks(engines, steps):
    return engines[:].apply_async(pi, steps).get()


def mpiexec_each_time(engines, steps):
    words = f"import ranks, ipp_mpi; print(f'{{ipp_mpi.pi({steps})}}\\n', end='')"  # a whole line at once
    command = [mpiexec(), "-n", str(len(engines)), sys.executable, "-m", "mpi4py", "-c", words]
    done = subprocess.run(command, cwd=HERE, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        *_, why = ["it failed", *re.findall(r"^\w+Error: .+", done.stderr, re.M)]
        raise CannotRun(f"mpiexec: {why}")
    return [float(line) for line in done.stdout.splitlines()]


VARIANTS = [mpiexec_each_time, engines_are_ranks]


def same_on_all(one, other):
    return len(one) == len(other) and max(one + other) - min(one + other) < ERROR


def measure(all_equal, steps, workers):
    with cluster(workers, engines="mpi") as engines:
        for run in all_equal(VARIANTS, engines, steps, same=same_on_all):
            yield replace(run, cpu_seconds=None)  # that of the engines is not known here
    print(f"pi is {run.result[0]:.12f} on {len(run.result)} ranks, off by {run.result[0] - math.pi:.0e}")


def main(argv=None):
    args = parse_args(__doc__, argv, steps=STEPS, workers=(2, 2))
    return record(args, measure(compare, args.steps, args.workers))


if __name__ == "__main__":
    sys.exit(main())
