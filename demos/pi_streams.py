"""A generator that a module makes once is the same in every worker: all draw the same random numbers.

Tasks estimate π, each in a process of its own; then they do it again, in new processes.
Look for: results that are distinct and the same again, as with one generator a task, and only then.

    $ python demos/pi_streams.py
"""

import random
import sys
from itertools import chain
from multiprocessing import Array, Process, get_all_start_methods, get_start_method, set_start_method

from harness import Attachment, CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record
from textpicture import draw

TASKS = Number(8, least=2, most=64, about="each in a process of its own, all at once")
SAMPLES = Number(2_000, 100, least=2, most=10**9, about="of each task")
SEEDED, UNSEEDED = random.Random(2018), random.Random()


def pi(generator, samples):
    return 4 * sum((1 - generator.random() ** 2) ** 0.5 for _ in range(samples)) / samples


def seeded_once(samples, task):
    return pi(SEEDED, samples)


def unseeded_once(samples, task):
    return pi(UNSEEDED, samples)


def module_random(samples, task):
    return pi(random, samples)  # its hidden generator, and no other, gets a new seed in a fork


def one_a_task(samples, task):
    return pi(random.Random(f"2018, {task}"), samples)


def work(results, estimate, samples, task):
    results[task] = estimate(samples, task)


def crew(estimate, samples, tasks):
    results = Array("d", tasks)
    workers = [Process(target=work, args=(results, estimate, samples, task)) for task in range(tasks)]
    with ctrl_c_is_mine():
        for worker in workers:
            worker.start()
    for worker in workers:
        worker.join()
    if not all(results):
        raise CannotRun("a worker was killed: use fewer --tasks")
    return results[:]


def crews(samples, tasks, lines):
    """What a Run is made of: how many results are distinct. The lines show the results."""
    for estimate in (seeded_once, unseeded_once, module_random, one_a_task):
        results = crew(estimate, samples, tasks)
        again = "same" if crew(estimate, samples, tasks) == results else "other"
        lines.append(f"{estimate.__name__:>13} {'  '.join(f'{pi:.4f}' for pi in results[:8])}")
        yield estimate.__name__, [len(set(results))], "distinct", f"of {tasks}", {"again": again}
    if get_start_method() != "fork":
        print("No fork: a worker is no copy of this process, it has imported the module.")


def main(argv=None):
    args = parse_args(__doc__, argv, tasks=TASKS, samples=SAMPLES, start=sorted(get_all_start_methods()))
    lines = []
    set_start_method(args.start, force=True)
    runs = (Run(*row) for row in crews(args.samples, args.tasks, lines))
    shown = (Attachment("estimates", "\n".join(each), draw(each, r"(\d\.\d+)(  \1)+")) for each in [lines])
    return record(args, chain(runs, shown))


if __name__ == "__main__":
    sys.exit(main())
