"""MPI and ipyparallel: processes that share nothing but messages."""

from drawing import Arrow, Box, Column, Drawing, Frame, Memory, Row, Worker

FIRST, SECOND = "in its memory: three rows, a copy", "in its memory: a copy, three rows"


def ranks() -> Drawing:
    """MPI standard 5.0, chapters 1 and 3: processes with memories of their own, point-to-point messages."""

    def step(says: str, *arrows: Arrow, received: str = "?") -> Frame:
        memories = Memory("x of rank 0", 42), Memory("x of rank 1", received)
        both = [
            Box(f"process {rank}", Row(Worker(f"rank {rank}"), memory, gap=40))
            for rank, memory in enumerate(memories)
        ]
        return Frame(says, Row(*both), arrows)

    return Drawing(
        step("mpiexec -n 2 starts the same script twice. Each process has a number: its rank."),
        step("Each has its own interpreter, its own GIL and its own memory."),
        step("So a value gets to the other only as a message: one sends it, the other receives it.",
             Arrow("process 0", "process 1"), received="42"),
    )  # fmt: skip


def both_wait() -> Drawing:
    """MPI standard 5.0, section 3.4: a standard-mode send may wait until its receive has been posted."""

    def step(says: str, does: tuple[str, str], *arrows: Arrow, run: bool = False) -> Frame:
        workers = [Worker(f"rank {rank}", what, runs=run) for rank, what in enumerate(does)]
        return Frame(says, Row(*workers, gap=460), arrows)

    there = Arrow("rank 0", "rank 1", "message")
    return Drawing(
        step("Each rank sends first, and will receive then.", ("sends", "sends"), run=True),
        step("A small message is copied into a buffer of MPI: the send returns at once.",
             ("receives", "receives"), there, run=True),
        step("A large one waits until the other is ready to receive it.", ("sends", "sends"),
             Arrow("rank 0", "rank 1", "ready?", dashed=True)),
        step("But the other waits for the same. Nobody ever receives.", ("sends", "sends")),
        step("Sendrecv does both at once, so neither waits for the other to be done.",
             ("exchanges", "exchanges"), there, run=True),
    )  # fmt: skip


def halo() -> Drawing:
    """Domain decomposition: each rank has some rows, and a copy of its neighbour's row beside them."""

    def step(says: str, copies: tuple[str, str], *arrows: Arrow) -> Frame:
        below, above = copies
        first, second = ("row 0", "row 1", "row 2", below), (above, "row 3", "row 4", "row 5")
        rows = [
            Row(Worker(f"rank {rank}"), Memory(what, *cells), gap=130)
            for rank, (what, cells) in enumerate([(FIRST, first), (SECOND, second)])
        ]
        return Frame(says, Column(*rows, gap=40), arrows)

    blank, names = ("?", "?"), ("row 3", "row 2")
    exchange = Arrow(FIRST, SECOND, "Sendrecv"), Arrow(SECOND, FIRST)
    return Drawing(
        step("Each rank has half of the rows.", blank),
        step("A new value needs the rows above and below: at the border, one of the other rank.", blank),
        step("So before each step they exchange their border rows. Such a copy is called a halo.",
             names, *exchange),
        step("Then each computes all of its rows, and needs nobody.", names),
    )  # fmt: skip


def engines() -> Drawing:
    """ipyparallel's documentation, Overview: client, controller and engines."""

    def step(says: str, run: bool, *arrows: Arrow) -> Frame:
        client = Worker("client", "this notebook", runs=True)
        controller = Worker("controller", "hands on", runs=run)
        both = Column(
            *(Worker(f"engine {number}", "runs" if run else "waits", runs=run) for number in (0, 1)), gap=8
        )
        return Frame(says, Row(client, controller, both, gap=200), arrows)

    send, deal = Arrow("client", "controller", "tasks"), [Arrow("controller", f"engine {n}") for n in (0, 1)]
    back = Arrow("controller", "client", "results")
    return Drawing(
        step("An engine is a process: an IPython kernel without a notebook.", False),
        step(
            "The controller stands between: it knows the engines, and queues what is to be done.",
            True,
            send,
            *deal,
        ),
        step("Results come back when you ask. Variables stay in the engines, from cell to cell.", True, back),
    )
