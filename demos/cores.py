"""How many cores may I use? Some count the machine's, others those that are yours.

Each is asked in a process of its own, as it is → pinned to one core, as batch systems and containers do.
Look for: who believes in more cores than that one; to them say how many workers you want.

    $ python demos/cores.py
"""

import os
import re
import sys
import time
from itertools import chain
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired

from harness import Run, ctrl_c_is_mine, parse_args, record

QUESTIONS = {  # Python that prints a number, or several to add up
    "os.cpu_count()": "import os; print(os.cpu_count())",
    "os.sched_getaffinity()": "import os; print(len(os.sched_getaffinity(0)))",  # not on macOS, Windows
    "os.process_cpu_count()": "import os; print(os.process_cpu_count())",  # since Python 3.13
    "Pool()": "from multiprocessing import *; pool = Pool(); print(len(active_children()))",
    "cgroup quota": "import machine; print(machine.cpu_quota() or exit('no limit'))",  # docker --cpus
    "SLURM_CPUS_PER_TASK": "import os; print(os.getenv('SLURM_CPUS_PER_TASK') or exit('not set'))",
    "these demos (affinity, quota)": "import machine; print(machine.usable_cores())",
    "NumPy's BLAS": "import numpy, os; print(len(os.listdir('/proc/self/task')))",  # it has its threads now
    "numba": "import numba; print(numba.get_num_threads())",
    "joblib": "import joblib; print(joblib.cpu_count())",
    "ipyparallel": "from ipyparallel.cluster import cluster; print(cluster.cpu_count())",  # so does Cluster()
    "mpiexec without -n": "import os, sys; os.execlp('mpiexec', 'mpiexec', sys.executable, '-c', 'print(1)')",
}
PIN = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
PINS = ["", PIN] if hasattr(os, "sched_setaffinity") else [""]
DEADLINE = 15  # seconds for all; on a quiet laptop they take two
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.getenv('PATH')}"  # mpiexec may be beside Python
WHERE = {"cwd": Path(__file__).resolve().parent, "env": {**os.environ, "PATH": PATH}}


def ask(words):
    return Popen([sys.executable, "-c", words], stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True, **WHERE)


def answer(process, deadline):
    """A number of cores; 0 where there is no answer, and why."""
    try:
        said, errors = process.communicate(timeout=max(0, deadline - time.monotonic()))
    except TimeoutExpired:
        return 0, f"no answer in {DEADLINE} s"
    return sum(map(float, re.findall(r"^\d+\.?\d*$", said, re.M))), errors.rpartition("Error: ")[2].strip()


def ask_all():
    """Of each who answers its name, what it believes when pinned, if that can be, and what before."""
    print("Asking all, as they are →", "pinned to one core" if PINS[1:] else "no pinning on this system")
    asked, too_many, deadline = {}, [], time.monotonic() + DEADLINE
    try:
        with ctrl_c_is_mine():
            asked = {name: [ask(pin + words) for pin in PINS] for name, words in QUESTIONS.items()}
        for name, processes in asked.items():
            numbers, reasons = zip(*(answer(process, deadline) for process in processes))
            if all(numbers):
                too_many += [name] * (numbers[-1] > 1)
                yield name, [numbers[-1]], {"at first": f"{numbers[0]:g} →"} if PINS[1:] else {}
            else:
                print(f"{name}: {next(filter(None, reasons), 'no answer')}")
        print("Pinned to one, but counting more:", ", ".join(too_many) or "nobody" if PINS[1:] else "unknown")
    finally:
        for process in chain(*asked.values()):
            process.kill()
            process.communicate()  # now those that it started are gone, too


def main(argv=None):
    args = parse_args(__doc__, argv)
    return record(args, (Run(name, number, "believes", "core(s)", at) for name, number, at in ask_all()))


if __name__ == "__main__":
    sys.exit(main())
