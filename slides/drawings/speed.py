"""How to think about speed: what goes on at the same time, what a clock then shows, what limits a speedup."""

from drawing import Box, Column, Drawing, Frame, Lanes, Lock, Memory, Row, Worker


def together() -> Drawing:
    """Concurrent: both are under way. Parallel: both advance at the same moment."""

    def step(says: str, worker_0: str, worker_1: str, a: str, b: str) -> Frame:
        second = Worker("worker 1", worker_1 or "has no task", runs=bool(worker_1))
        tasks = Lanes({"task A": a, "task B": b}, whiles=16)
        return Frame(says, Column(Row(Worker("worker 0", worker_0), second), tasks))

    in_turns = "##..##..##..##", "..##..##..##..##"
    return Drawing(
        step("Sequential: B begins when A has ended.", "A, then B", "", "########", "        ########"),
        step("Concurrent: both are under way, one of them advances.", "A, B in turns", "", *in_turns),
        step("Parallel: both advance at the same moment.", "A", "B", "########", "########"),
    )


def shares() -> Drawing:
    """A process has memory and a GIL, its threads share them, and a thread does tasks."""

    def step(says: str, first: Worker, second: Worker, x: int) -> Frame:
        one = Column(Row(first, second, gap=32), Row(Lock("GIL"), Memory("memory", f"x = {x}"), gap=40))
        other = Column(Worker("thread 2"), Row(Lock("GIL"), Memory("memory", "x = 1"), gap=40))
        return Frame(says, Row(Box("process 0", one), Box("process 1", other)))

    late = Worker("thread 1", "has not begun", runs=False)
    waits, sets = Worker("thread 0", runs=False), Worker("thread 1", "sets x = 2")
    busy, idle = Worker("thread 0", "tasks A, B, C"), Worker("thread 1", runs=False)
    return Drawing(
        step("A process has its own memory; its interpreter, a GIL.", Worker("thread 0"), late, 1),
        step("Its threads share both: all see x = 2, and take turns.", waits, sets, 2),
        step("A task is a piece of work. A thread does many in turn.", busy, idle, 2),
    )


def queue() -> Drawing:
    """Latency: how long one request takes, its waiting included. Throughput: how many are done in a time."""

    def step(says: str, latency: str, throughput: str, *lanes: str) -> Frame:
        requests = Lanes({f"request {i}": lane for i, lane in enumerate(lanes)}, whiles=16)
        both = Row(Memory("latency", latency), Memory("throughput", throughput), gap=160)
        return Frame(says, Column(requests, both, gap=24))

    waiting = "####", "....####", "........####", "............####"
    return Drawing(
        step("One request, one worker: 4 s of work.", "at most  4 s", "1 in 4 s", "####", "", "", ""),
        step("Four come at once: latency counts the queue, too.", "at most 16 s", "1 in 4 s", *waiting),
        step("Four workers: nobody queues, but each takes 4 s.", "at most  4 s", "4 in 4 s", *["####"] * 4),
    )


def clocks() -> Drawing:
    """CPU time over wall time: how many threads computed at a time, on average."""

    def step(says: str, busy: int, *lanes: str) -> Frame:
        read = Memory("wall time", "1 s"), Memory("CPU time", f"{busy} s"), Memory("CPU / wall", busy)
        threads = Lanes({f"thread {i}": lane for i, lane in enumerate(lanes)}, whiles=16)
        return Frame(says, Column(Row(*read, gap=200), threads))

    return Drawing(
        step("Both sleep, or wait for a disk: CPU time stands still.", 0, "." * 16, "." * 16),
        step("One computes, the other sleeps.", 1, "#" * 16, "." * 16),
        step("Both compute in turns, as with a GIL: still 1.", 1, "##..##..##..##..", "..##..##..##..##"),
        step("Both compute at the same moment: 2. This is parallel.", 2, "#" * 16, "#" * 16),
    )


def ceiling() -> Drawing:
    """Amdahl: 4 of 16 s are not shared, so that no number of workers makes it more than 4 times as fast."""

    def step(says: str, *lanes: str) -> Frame:
        return Frame(says, Lanes({f"worker {i}": lane for i, lane in enumerate(lanes)}, whiles=16))

    return Drawing(
        step("One worker: 4 s alone, 12 s to be shared, 16 s in all.", "#" * 16, "", ""),
        step("Two: 10 s, 1.6 times as fast. The 4 s remain.", "#" * 10, "    ######", ""),
        step("Three: 8 s, twice as fast. Each one more brings less.", "#" * 8, "    ####", "    ####"),
        step("Twelve: 5 s. Ever more: towards 4 s, 4 times as fast.", "#" * 5, "    #", "    #"),
    )
