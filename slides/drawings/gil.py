"""How the GIL changes hands, since Python 3.2 (take_gil and drop_gil in CPython's Python/ceval_gil.c)."""

from drawing import Arrow, Column, Drawing, Frame, Lanes, Lock, Row, Worker

HOLDS = Arrow("thread 0", "GIL", "holds")
WAITS = Worker("thread 1", runs=False)


def hand_off() -> Drawing:
    """A thread that has waited for the switch interval asks for the lock; its holder lets go at a check."""
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
