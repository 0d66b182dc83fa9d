"""Free threads cost time and memory: it is the build that costs, with its GIL off or on.

Pythons do the same work in turns, so that a slow moment hits all, in one thread; then they make objects.
Look for: a speedup below 1, off or on; 16 bytes more for an int, a str; none for an instance.

    $ python demos/free_threaded_cost.py
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

from elsewhere import chosen
from free_threaded_cost_kernel import OBJECT, WORK
from harness import CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record
from interpreters import find, newest_of_each

KERNEL = str(Path(__file__).with_name("free_threaded_cost_kernel.py"))
ROUNDS = Number(25, 2, most=10_000, about="of each piece of work ")


def builds():
    """The newest free-threaded build, and before it the default build of its version, where there is one."""
    found = newest_of_each(find()[0])
    default = {each.release: each for each in found if each.build == "default"}
    free = [each for each in found if each.build == "free-threaded"]
    pairs = [[default[each.release], each] for each in free if each.release in default]
    return pairs[-1] if pairs else chosen("free-threaded")


def ask(children, name, *question):
    """The answer of this Python, a number; its GIL must be on or off, as its name says."""
    process, python = children[name]
    print(*question, file=process.stdin, flush=True)
    answer = process.stdout.readline().split()
    if answer[1:] != [str(python["gil"])]:
        raise ValueError(f"{name}: answered {answer}")
    return float(answer[0])


def in_turns(children, rounds):
    """For each piece of work the times of each Python; for each kind of object the bytes on each build."""
    for work in WORK:
        times = {name: [] for name in children}
        for name in [*children] * rounds:
            times[name].append(ask(children, name, "time", work))
        for name in children:
            yield name, times[name], "time", "ms", {"work": work}
    *builds, _ = children  # the last one is the same build again, with its GIL on
    for kind in OBJECT:
        for name in builds:
            yield name, [ask(children, name, "memory", kind)], "memory", "bytes", {"object": kind}


def costs(rounds):
    """Start the Pythons, ask them, and end them."""
    print("Looking for Pythons ...")
    children = {}
    try:
        with ExitStack() as stack:
            for python in builds():
                print(f"{python.name} {python.version}, {python.build}: {python.compiler}, PGO: {python.pgo}")
                for name, gil, command in python.modes():
                    with ctrl_c_is_mine():
                        process = Popen([*command, KERNEL], stdin=PIPE, stdout=PIPE, text=True)
                    children[name] = stack.enter_context(process), python.as_recorded(gil)
            for name, *row in in_turns(children, rounds):
                yield children[name][1], name, *row
    except (OSError, ValueError) as error:
        raise CannotRun(f"a Python failed: {error}") from None


def main(argv=None):
    args = parse_args(__doc__, argv, rounds=ROUNDS)
    return record(args, (Run(*row, interpreter=python) for python, *row in costs(args.rounds)))


if __name__ == "__main__":
    sys.exit(main())
