"""Without the GIL: interpreters with a GIL each, and what protects objects where there is no GIL at all."""

from collections.abc import Sequence

from drawing import Arrow, Box, Column, Drawing, Frame, Lanes, Lock, Memory, Row, Worker
from plots import WIDTH


def interpreters() -> Drawing:
    """Python's documentation 3.14, concurrent.interpreters: isolated by default, sharing objects."""

    def step(
        says: str, module: str, x: tuple[str, str], *arrows: Arrow, run: bool = True, shared: str = ""
    ) -> Frame:
        boxes: list[Box | Memory] = []
        for number in (0, 1):
            inside = [Lock(f"GIL {number}", held=run), Worker(f"thread {number}", runs=run)]
            both = Row(*(reversed(inside) if number else inside), gap=30)
            objects = Memory(f"objects {number}", module, x[number].center(len("x = [1, 2]")))
            boxes.append(Box(f"interpreter {number}", Column(both, objects, gap=8)))
        if shared:
            boxes.insert(1, Memory("buffer", *shared))
        gap = (WIDTH - 48 - sum(box.width for box in boxes)) / (len(boxes) - 1)
        return Frame(says, Box("process", Row(*boxes, gap=gap)), arrows)

    nothing, one = ("–", "–"), "x = [1]"
    copy, changed = (one, one), (one, "x = [1, 2]")
    sent, seen = Arrow("objects 0", "objects 1", "pickled"), Arrow("buffer", "thread 1")
    return Drawing(
        step("Two interpreters in one process. Each has its own GIL,", "–", nothing, run=False),
        step("so a thread in each can run, at the same moment.", "–", nothing),
        step("Each imports its own modules, and has its own objects.", "json", (one, "–")),
        step("A list that one sends is pickled: the other gets a copy.", "json", copy, sent),
        step("What happens to the copy, the first one never sees.", "json", changed),
        step("A memoryview is shared: both see the same bytes.", "json", changed,
             Arrow("thread 0", "buffer"), seen, shared="42"),
    )  # fmt: skip


def biased_references() -> Drawing:
    """PEP 703, Biased Reference Counting and Immortalization; InternalDocs/free_threading.md of CPython."""

    def step(
        says: str, box: str, counts: tuple[object, object], does: tuple[str, str], *arrows: Arrow
    ) -> Frame:
        local, shared = (f"{count:^10}" for count in counts)
        both = Row(Memory("local count", local), Memory("shared count", shared), gap=48)
        threads = [
            Worker(f"thread {number}", what or "elsewhere", runs=bool(what))
            for number, what in enumerate(does)
        ]
        return Frame(says, Row(threads[0], Box(box, both), threads[1]), arrows)

    owned, free = "an object of thread 0", "an object of nobody"
    return Drawing(
        step(
            "Each object has an owner, the thread that made it. And it has two counts.",
            owned, (1, 0), ("x = []", ""),
        ),
        step(
            "Its owner counts references in one of them, with plain instructions.",
            owned, (2, 0), ("y = x", ""), Arrow("thread 0", "local count", "+1"),
        ),
        step(
            "All others count in the other one, with atomic instructions: slower, but no count is lost.",
            owned, (2, 1), ("", "z = x"), Arrow("thread 1", "shared count", "+1"),
        ),
        step(
            "The owner's count comes to zero: it gives the object up. The shared count is all there is now.",
            free, (0, 1), ("del x, y", ""), Arrow("thread 0", "local count", "–2"),
        ),
        step(
            "Both together are zero: the object is freed.",
            free, (0, 0), ("", "del z"), Arrow("thread 1", "shared count", "–1"),
        ),
        step(
            "None, True, small numbers, interned strings: immortal. Nobody counts references to them.",
            "None, immortal", ("–", "–"), ("y = None", "z = None"),
        ),
    )  # fmt: skip


def object_locks() -> Drawing:
    """Python's documentation 3.15, Thread Safety Guarantees; PEP 703, Python Critical Sections."""

    def step(
        says: str, does: tuple[str, str], run: tuple[bool, bool], held: tuple[bool, bool], a: str, b: str,
        *arrows: Arrow,
    ) -> Frame:  # fmt: skip
        columns = []
        for number, (name, items) in enumerate((("a", a), ("b", b))):
            inside = [Memory(f"items of {name}", *items), Lock(f"lock of {name}", held[number])]
            object_ = Box(name, Row(*(reversed(inside) if number else inside), gap=40))
            columns.append(Column(Worker(f"thread {number}", does[number], runs=run[number]), object_))
        return Frame(says, Row(*columns), arrows)

    neither, both, first, second = (False, False), (True, True), (True, False), (False, True)
    own = [Arrow("thread 0", "lock of a"), Arrow("thread 1", "lock of b")]
    return Drawing(
        step("Each object has a lock of its own, of one byte.", ("waits", "waits"), neither, neither,
             "b ", "5 "),
        step("Two threads change two lists: both run.", ("a.append(2)", "b.append(6)"), both, both,
             "b2", "56", *own),
        step("They change the same list: one waits, for an append.", ("a.append(3)", "a.append(4)"),
             first, first, "b2", "56", own[0], Arrow("thread 1", "lock of a", dashed=True)),
        step("Reading an item takes no lock: nobody waits.", ("a[1]", "a.append(4)"), both, first,
             "b2", "56", Arrow("items of a", "thread 0"), Arrow("thread 1", "lock of a")),
        step("repr(a) needs b, too. While it waits, it lets go of a.", ("repr(a)", "b.append(7)"),
             second, second, "b2", "56", Arrow("thread 0", "lock of b", dashed=True), own[1]),
    )  # fmt: skip


def stop_the_world() -> Drawing:
    """PEP 703, Stop-the-World and Thread States; Python's documentation 3.15, c-api/threads."""

    def step(says: str, does: Sequence[str], lanes: Sequence[str], *arrows: Arrow) -> Frame:
        run = [lane.endswith("#") for lane in lanes]
        names = [f"thread {number}" for number in range(3)]
        threads = [Worker(*each) for each in zip(names, does, run, strict=True)]
        return Frame(
            says,
            Column(Row(*threads), Lanes(dict(zip(names, lanes, strict=True)), whiles=18), gap=24),
            arrows,
        )

    asks = [Arrow("thread 1", f"thread {number}", "asks", dashed=True) for number in (0, 2)]
    run, pause = "runs", "pauses"
    return Drawing(
        step("Three threads run. One is to collect garbage: objects in cycles that nobody can reach.",
             [run, run, run], ["##", "##", "##"]),
        step("It asks the others to pause. Each does so at its next check.",
             [pause, "waits", run], ["##.", "##.", "###"], *asks),
        step("The world stands still: no reference changes. It finds what cannot be reached.",
             [pause, "searches", pause], ["##......", "##..####", "###....."]),
        step("It lets go. All run on, and it calls finalizers, such as __del__.",
             [run, "finalizes", run], ["##......###", "##..#######", "###.....###"]),
        step("It stops them again: what is still out of reach will be freed. Then all run on.",
             [run, "frees", run], ["##......###...##", "##..############", "###.....###...##"]),
        step("Detached, in C code: nobody waits for it. Attached, in C code: all do.",
             [pause, "searches", "detached"],
             ["##......###...##..", "##..##############", "###.....###...####"]),
    )  # fmt: skip


def where_the_gil_went() -> Drawing:
    """PEP 703, Overview of CPython Changes; InternalDocs/free_threading.md and qsbr.md of CPython."""
    now = {
        "reference counts": "biased counts",
        "lists, dicts, sets": "a lock in each",
        "allocator": "mimalloc, QSBR",
        "garbage collector": "stop-the-world",
    }

    def step(says: str, done: int) -> Frame:
        things = Row(
            *(
                Memory(what, how if number < done else "the GIL".center(len(how)))
                for number, (what, how) in enumerate(now.items())
            )
        )
        left = [Arrow("GIL", what) for what in list(now)[done:]]
        return Frame(says, Column(things, Lock("GIL", held=bool(left)), gap=24), left)

    return Drawing(
        step("Much in CPython needs protection. With a GIL, one lock does it all.", 0),
        step("Each object has two reference counts: for its owner, and for all others.", 1),
        step("Each object has a lock. Who changes a list, dict or set takes it.", 2),
        step("mimalloc is made for threads. What somebody may still read is freed later.", 3),
        step("For the garbage collector, all threads pause a moment.", 4),
        step("Your data? The GIL never protected it. Your own locks do, then and now.", 4),
    )
