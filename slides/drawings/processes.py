"""Worker processes: what a pool sends, how a process begins, and what it costs to send an array."""

from drawing import Arrow, Box, Column, Drawing, Frame, Lock, Memory, Row, Worker


def pool() -> Drawing:
    """A task goes to a worker process as bytes, and its answer comes back as bytes."""
    tasks = Memory("tasks of the parent", "f(0), f(1), f(2), …, f(9)".center(60))  # above both workers

    def step(says: str, first: str = "", second: str = "", *arrows: Arrow) -> Frame:
        workers = [
            Box(
                f"process {i}",
                Row(
                    Lock(f"GIL {i}", bool(does)),
                    Worker(f"worker {i}", does or "waits", runs=bool(does)),
                    gap=90,
                ),
            )
            for i, does in enumerate((first, second), 1)
        ]
        return Frame(says, Column(tasks, Row(*workers, gap=120), gap=44), arrows)

    sent = [Arrow("tasks of the parent", f"worker {i}") for i in (1, 2)]
    back = [Arrow(f"worker {i}", "tasks of the parent") for i in (1, 2)]
    return Drawing(
        step("A pool starts processes. Each has a Python, and a GIL, of its own."),
        step("A task is sent to one as bytes: f by its name, its arguments pickled.", "", "", *sent),
        step("All compute at the same moment.", "f(0)", "f(1)"),
        step("The answers come back as bytes, too.", "", "", *back),
    )


def start() -> Drawing:
    """What a process has when it begins: all, by fork; what the script says, by spawn and forkserver."""
    nothing, script, all_of_it = ("  –  ",) * 3, ("x = 1", "–", "–"), ("x = 2", "file", "lock")

    def step(says: str, child: tuple[str, ...], server: tuple[str, ...] = nothing, *arrows: Arrow) -> Frame:
        things = Memory("parent", *all_of_it), Memory("server", *server), Memory("child", *child)
        return Frame(says, Row(*things), arrows)

    return Drawing(
        step("The script says x = 1. The parent set x = 2, opened a file, holds a lock.", nothing),
        step("fork: the child has a copy of it all, but only of one thread.", all_of_it),
        step("spawn: the child is a new Python, and imports the script.", script),
        step(
            "forkserver: as new, but forked from a server that is ready.",
            script,
            nothing,
            Arrow("parent", "server", "asks"),
            Arrow("server", "child", "forks"),
        ),
    )


def sharing() -> Drawing:
    """An array as an argument is copied three times; in shared memory there is one of it."""

    def step(says: str, between: Memory, *arrows: Arrow) -> Frame:
        return Frame(
            says, Row(Worker("parent", "has an array"), between, Worker("child", "adds it up")), arrows
        )

    pipe, block = Memory("a pipe", "bytes"), Memory("shared memory", "array")
    return Drawing(
        step(
            "As an argument: made into bytes, sent, made into an array again.",
            pipe,
            Arrow("parent", "a pipe", "pickles"),
            Arrow("a pipe", "child", "unpickles"),
        ),
        step(
            "In shared memory: one array, which both see. Its name is sent.",
            block,
            Arrow("parent", "shared memory", "writes"),
            Arrow("child", "shared memory", "reads"),
        ),
    )
