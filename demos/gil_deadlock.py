"""The GIL does not prevent deadlocks: two threads that take two locks in opposite order wait for ever.

One moves money from savings to checking, the other moves it back; each holds both locks for it.
Look for: no move, and two stacks, each at a lock that the other holds; in one order all moves.

    $ python demos/gil_deadlock.py
"""

import faulthandler
import multiprocessing
import sys
import threading
import time

from harness import Attachment, Number, Run, parse_args, record
from stacks import picture, written_by

MOVES = 10  # of each thread
LOOK_UP = 0.001  # seconds; a database, say, is asked for the balance while the other thread runs
DEADLINE = Number(0.5, 0.2, least=0.1, most=60.0, about="seconds until faulthandler looks")
savings, checking = threading.Lock(), threading.Lock()


def spend(moves):
    with savings:
        time.sleep(LOOK_UP)
        with checking:
            moves.value += 1


def save(moves):
    with checking:
        time.sleep(LOOK_UP)
        with savings:
            moves.value += 1


def save_in_order(moves):
    with savings:
        time.sleep(LOOK_UP)
        with checking:
            moves.value += 1


ORDERS = {"opposite_order": (spend, save), "one_order": (spend, save_in_order)}


def work(job, moves):
    for _ in range(MOVES):
        job(moves)


def bank(jobs, moves, deadline, file):
    """Do both jobs at once, unless faulthandler notes all stacks at the deadline and ends this process."""
    with open(file, "w") as stacks:
        faulthandler.dump_traceback_later(deadline, exit=True, file=stacks)
        crew = [threading.Thread(target=work, args=(job, moves)) for job in jobs]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        faulthandler.cancel_dump_traceback_later()


def attempts(deadline):
    for name, jobs in ORDERS.items():
        moves = multiprocessing.Value("i")
        dump = written_by(bank, jobs, moves, deadline)
        yield name, [moves.value], [picture(dump, __file__, but="bank")] if dump else []


def main(argv=None):
    args = parse_args(__doc__, argv, deadline=DEADLINE)
    tried = attempts(args.deadline)
    shown = ([Run(name, n, "done", "moves"), *(Attachment(*at) for at in stuck)] for name, n, stuck in tried)
    return record(args, (item for items in shown for item in items))


if __name__ == "__main__":
    sys.exit(main())
