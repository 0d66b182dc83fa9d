"""A queue without a limit grows while work comes faster than it is done; with maxsize, who brings it waits.

A producer puts tasks into a queue; workers take them out, a third as fast. A task is a wait, as for a disk.
Look for: the backlog, with a limit and without one; the last task is done no later.

    $ python demos/queue_backpressure.py
"""

import multiprocessing
import sys
import time

from harness import CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record

TASKS = Number(120, 24, least=1, most=100_000, about="to be done")
MAXSIZE = Number(10, least=1, most=10_000, about="tasks at most, in the queue with a limit")
EVERY = 0.004  # seconds from one task to the next
TAKES = 0.024  # seconds; two workers do a task every 12 ms, six would keep up
LOOK = 0.1  # seconds from one look at the backlog to the next


def produce(queue, tasks, workers, came, waited):
    for task in range(tasks):
        time.sleep(EVERY)
        came.value += 1
        start = time.perf_counter()
        queue.put(task)  # at maxsize it waits until a worker takes one
        waited.value += time.perf_counter() - start
    for _ in range(workers):
        queue.put(None)  # the sentinel, for each worker


def consume(queue, taken):
    for _ in iter(queue.get, None):
        with taken.get_lock():
            taken.value += 1
        time.sleep(TAKES)


def backlogs(maxsize, tasks, workers, waited):
    """The seconds, and how many tasks have come that nobody has taken yet; again, until all are done."""
    queue = multiprocessing.Queue(maxsize)  # 0: no limit
    came, taken = multiprocessing.Value("i"), multiprocessing.Value("i")  # qsize() is missing on macOS
    jobs = [(consume, (queue, taken))] * workers + [(produce, (queue, tasks, workers, came, waited))]
    crew = [multiprocessing.Process(target=job, args=args, daemon=True) for job, args in jobs]
    with ctrl_c_is_mine():
        for process in crew:
            process.start()
    start, gone = time.perf_counter(), 0
    while gone < tasks:
        if any(process.exitcode for process in crew):
            raise CannotRun("a process was killed, perhaps for want of memory: use fewer --workers")
        seconds, gone = round(time.perf_counter() - start, 1), taken.value
        yield seconds, came.value - gone
        time.sleep(LOOK)
    for process in crew:
        process.join()


def rows(maxsize, tasks, workers):
    """What Runs are made of: the backlog over time, then how long the producer waited."""
    waits = {}
    for name, limit in {"no maxsize": 0, f"maxsize {maxsize}": maxsize}.items():
        waits[name] = multiprocessing.Value("d")
        for seconds, backlog in backlogs(limit, tasks, workers, waits[name]):
            yield name, [backlog], "backlog", "tasks", {"seconds": seconds}
    for name, waited in waits.items():
        yield name, [waited.value], "producer waited", "s"


def main(argv=None):
    args = parse_args(__doc__, argv, tasks=TASKS, maxsize=MAXSIZE, workers=(2, 2))
    return record(args, (Run(*row) for row in rows(args.maxsize, args.tasks, args.workers)))


if __name__ == "__main__":
    sys.exit(main())
