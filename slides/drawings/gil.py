"""What the GIL protects, how it changes hands, its 34 years, and the ways around it."""

from drawing import Arrow, Box, Column, Drawing, Frame, Lanes, Lock, Memory, Row, Worker, Years

Span = tuple[float, float, str]

HOLDS = Arrow("thread 0", "GIL", "holds")
WAITS = Worker("thread 1", runs=False)


def protects() -> Drawing:
    """What would happen to an object's reference count without a lock (PEP 703, Motivation)."""
    count, lock = "references to x", Lock("GIL")
    both = [Arrow(count, thread, "1") for thread in ("thread 0", "thread 1")]
    back = [Arrow(thread, count, "2") for thread in ("thread 0", "thread 1")]
    idle = [Worker(thread, "y = x", runs=False) for thread in ("thread 0", "thread 1")]
    busy = [Worker(thread, "y = x") for thread in ("thread 0", "thread 1")]
    return Drawing(
        Frame(
            "Python counts the references to each object. At zero, the object is freed.",
            Row(idle[0], Memory(count, 1), idle[1]),
        ),
        Frame(
            "Without a lock, two threads may read the same number,",
            Row(busy[0], Memory(count, 1), busy[1]),
            both,
        ),
        Frame(
            "and both write 2. There are 3: some day x is freed while it is in use.",
            Row(busy[0], Memory(count, 2), busy[1]),
            back,
        ),
        Frame(
            "With the GIL, only the thread that holds it touches the count.",
            Column(Row(busy[0], Memory(count, 2), idle[1]), lock, gap=0),
            [back[0], Arrow("thread 0", "GIL", "holds")],
        ),
    )


def hand_off() -> Drawing:
    """A thread that has waited for the switch interval asks for the lock; its holder lets go at a check.

    Since Python 3.2: take_gil and drop_gil in CPython's Python/ceval_gil.c.
    """
    return Drawing(
        step(
            "Thread 0 holds the GIL, so it runs.",
            Row(Worker("thread 0"), Lock("GIL"), Worker("thread 1", "needs no lock", runs=False)),
            ("####", ""),
            HOLDS,
        ),
        step(
            "Now thread 1 needs it, too. It waits, asleep.",
            Row(Worker("thread 0"), Lock("GIL"), WAITS),
            ("########", "    ...."),
            HOLDS,
        ),
        step(
            "After 5 ms, the switch interval, thread 1 asks thread 0 for it.",
            Row(Worker("thread 0"), Lock("GIL"), WAITS),
            ("#########", "    ....."),
            HOLDS,
            Arrow("thread 1", "GIL", "asks", dashed=True),
        ),
        step(
            "Thread 0 sees that at its next check, and drops the lock.",
            Row(Worker("thread 0", "lets go", runs=False), Lock("GIL", held=False), WAITS),
            ("##########", "    ......"),
        ),
        step(
            "Thread 1 takes it and runs. Now thread 0 waits its 5 ms.",
            Row(Worker("thread 0", runs=False), Lock("GIL"), Worker("thread 1")),
            ("##########.....", "    ......#####"),
            Arrow("thread 1", "GIL", "holds"),
        ),
    )


def step(says: str, things: Row, ran: tuple[str, str], *arrows: Arrow) -> Frame:
    """The threads and the lock now, and below them who ran so far, a letter for each millisecond."""
    lanes = Lanes({"thread 0": ran[0], "thread 1": ran[1]}, whiles=16)
    return Frame(says, Column(things, lanes), arrows)


def history() -> Drawing:
    """The GIL's 34 years: commits of CPython, PEPs 703 and 779, What's New 3.2, 3.13 to 3.15."""
    ticks, time = (1992.6, 2009.9, "after 10, later 100 bytecodes"), (2009.9, 2026.9, "asked after 5 ms")
    stein, hastings, gross = (1996, 1997, "Stein"), (2016, 2017, "Hastings"), (2021, 2024.8, "Gross")
    build = (2024.8, 2026.9, "3.13")
    return Drawing(
        years("1992: Python has threads, and one lock for the interpreter.", [ticks]),
        years("1996: the first patch without it made a single thread slower.", [ticks], [stein]),
        years("2009: the new GIL. Who waits asks for it, after 5 ms.", [ticks, time], [stein]),
        years("2016: the Gilectomy, another attempt, and too slow.", [ticks, time], [stein, hastings]),
        years(
            "2021: the nogil fork shows how. 2023: PEP 703 is accepted.",
            [ticks, time],
            [stein, hastings, gross],
        ),
        years(
            "2024: experimental in 3.13. Supported since 3.14, optional. The default? Not decided.",
            [ticks, time],
            [stein, hastings, gross],
            [build],
        ),
    )


def years(says: str, *lanes: list[Span]) -> Frame:
    """The years up to now, with what there was of each kind so far."""
    kinds = ["with a GIL", "tried without", "a build without"]
    return Frame(says, Years(1992, 2027, dict(zip(kinds, [*lanes, [], []], strict=False))))


def ways() -> Drawing:
    """The three ways to run in parallel: let go of the lock, have more than one, have none."""
    pair = [Worker("thread 0"), Worker("thread 1")]
    in_c = Row(Worker("thread 0", "in C code"), Lock("GIL"), Worker("thread 1", "in Python"), gap=176)
    each = [
        Box(f"process {number}", Row(worker, Lock(f"GIL {number}"), gap=60))
        for number, worker in enumerate(pair)
    ]
    return Drawing(
        Frame(
            "Let go of the lock: in C, NumPy, Cython or Numba code that can.",
            Box("process", in_c),
            [Arrow("thread 1", "GIL", "holds")],
        ),
        Frame("Have more locks: one for each process, or each interpreter.", Row(*each)),
        Frame("Have no lock: free-threaded Python.", Box("process", Row(*pair, gap=462))),
        Frame(
            "Three kinds of ways to run in parallel.",
            Row(
                Worker("let go of it", "NumPy, Numba, Cython"),
                Worker("have more of them", "processes, MPI"),
                Worker("have none", "free-threaded Python"),
            ),
        ),
    )
