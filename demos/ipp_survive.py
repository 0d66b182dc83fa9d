"""An engine is killed in mid-task: a view reports the loss, or has another engine do the task again.

Two load-balanced views with two engines each, of which one dies; then a direct view with the two left.
Look for: how many tasks were done; how long after the death all was over: the scheduler waits for 5 s.

    $ python demos/ipp_survive.py
"""

import sys
from functools import partial
from tempfile import TemporaryDirectory

from harness import CannotRun, Number, needs_packages, parse_args, record

with needs_packages():
    from cluster import cluster
    from engine_deaths import begin, end, shown
    from engine_lanes import engine_names

ENGINES = 4
STEPS = Number(1_000_000, 10_000, most=10**9, about="of a task; some 0.1 s")
TASKS, FATAL = 8, 5  # the first engine that has task 5 is killed in it
PROFILE = "the name of a profile whose cluster runs already, on this machine; three of its engines will die"


def add_squares(task, last_words, steps, fatal):
    """The sum; who had the task from when to when (ns). On an engine a function imports what it needs."""
    import json
    import os
    from pathlib import Path
    from time import perf_counter_ns

    start, total = perf_counter_ns(), sum(i * i for i in range(steps))
    stamp = f"task {task}", os.getpid(), start, perf_counter_ns()
    if task == fatal and not Path(last_words).exists():
        Path(last_words).write_text(json.dumps(stamp))
        os.kill(os.getpid(), 9)  # SIGKILL, by its number: Windows has no name for it
    return total, stamp


def load_balanced(engines, ids):
    return engines.load_balanced_view(ids)


def with_retries(engines, ids):
    view = engines.load_balanced_view(ids)
    view.retries = 1
    return view


def direct(engines, ids):
    return engines.direct_view(ids)


def each_way(engines, ids, function, folder):
    """What became of the tasks in each view. The load-balanced ones wait for the scheduler side by side."""

    def start(way, some):
        return begin(way.__name__, way(engines, some), function, TASKS, folder)

    both = [start(load_balanced, ids[:2]), start(with_retries, ids[2:])]
    yield from map(end, both)
    yield end(start(direct, [i for i in ids if i in engines.ids]))


def measure(steps, profile):
    with cluster(ENGINES, profile=profile) as engines, TemporaryDirectory() as folder:
        if len(engines) < ENGINES:
            raise CannotRun(f"needs {ENGINES} engines: ipcluster start --profile {profile} -n {ENGINES}")
        function = partial(add_squares, steps=steps, fatal=FATAL)
        yield from shown(each_way(engines, engines.ids[:ENGINES], function, folder), engine_names(engines))


def main(argv=None):
    args = parse_args(__doc__, argv, steps=STEPS, profile=PROFILE)
    return record(args, measure(args.steps, args.profile))


if __name__ == "__main__":
    sys.exit(main())
