"""Worker processes that wait for work, all there before the first clock starts. Support for primes_queue.

Each of the two pairs of queues, multiprocessing's and a manager's, has a crew; a pool has one of its own.
"""

import contextlib
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from time import sleep
from types import SimpleNamespace

from harness import CannotRun, ctrl_c_is_mine

WARM_UP = 0.1  # seconds; while it lasts no worker is idle, so that the pool starts them all
KILLED = "a worker was killed, perhaps for want of memory: use fewer --workers"


class Answers:
    """A queue of results whose get() does not wait for a worker that is gone."""

    def __init__(self, results):
        self.results = results

    def get(self):
        if (answer := self.results.get()) is None:
            raise CannotRun(KILLED)
        return answer


@contextlib.contextmanager
def ready(work, workers):
    """So many processes that work(tasks, results) at each pair of queues, and a pool of as many."""
    with ctrl_c_is_mine():
        manager = multiprocessing.Manager()
        pairs = [(kind.Queue(), kind.Queue()) for kind in (multiprocessing, manager)]
        pairs[0][0].cancel_join_thread()  # after a Ctrl-C nobody takes what is still in it
        jobs = [(work, *pair) for pair in pairs for _ in range(workers)]
        crews = [multiprocessing.Process(target=at_work, args=job, daemon=True) for job in jobs]
        for process in crews:
            process.start()
        pool = ProcessPoolExecutor(workers)
        awake = pool.map(sleep, [WARM_UP] * workers)
    threading.Thread(target=guard, args=(crews, pairs), daemon=True).start()  # the forks are over
    queues, manager_queues = ((tasks, Answers(results)) for tasks, results in pairs)
    try:
        with pool:
            list(awake)
            yield SimpleNamespace(queues=queues, manager_queues=manager_queues, pool=pool, workers=workers)
    except (EOFError, ConnectionError):
        raise CannotRun("the manager was killed, perhaps for want of memory") from None
    for tasks, _ in pairs:
        for _ in range(workers):
            tasks.put(None)  # the sentinel
    for process in crews:
        process.join()
    manager.shutdown()


def at_work(work, tasks, results):
    with contextlib.suppress(EOFError, ConnectionError):  # the manager is gone, so are all others
        work(tasks, results)


def guard(crews, pairs):
    """When a worker is gone before its sentinel came, say so to who waits for its results."""
    by_sentinel = {process.sentinel: process for process in crews}
    first = by_sentinel[wait(by_sentinel)[0]]
    first.join()
    with contextlib.suppress(EOFError, ConnectionError):
        for _, results in pairs if first.exitcode else ():
            results.put(None)
