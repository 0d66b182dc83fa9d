"""Numba: a function is compiled for its types; threads that share nothing may share a line of the cache."""

from drawing import Arrow, Box, Column, Drawing, Frame, Memory, Row


def compiles() -> Drawing:
    """What the first call with new types does, and what the next ones do."""
    bytecode, first, other = (
        Memory("Python", "def f(a, b)"),
        Memory("float64", "machine code"),
        Memory("int64", "machine code"),
    )
    absent, missing = Memory("float64", "not compiled"), Memory("int64", "not compiled")

    def step(says: str, here: Memory, there: Memory, *arrows: Arrow) -> Frame:
        return Frame(says, Row(bytecode, Column(here, there)), arrows)

    to_first, to_other = Arrow("Python", "float64", "compiles"), Arrow("Python", "int64", "compiles")
    return Drawing(
        step("@njit does nothing yet: it waits for the types.", absent, missing),
        step("The first call brings them: Numba compiles, and then runs it.", first, missing, to_first),
        step("From the second call on, the machine code is there.", first, missing),
        step("Other types: compiled once more, beside it.", first, other, to_other),
    )


def cache_line() -> Drawing:
    """Two counters in one cache line: a core that writes one takes the line from the other core."""

    def step(says: str, here: str, there: str, *arrows: Arrow) -> Frame:
        cores = [
            Box(f"core {i}", Memory(f"its cache {i}", *(cells.split() or ["", ""])))
            for i, cells in enumerate((here, there))
        ]
        return Frame(says, Row(*cores, gap=500), arrows)

    over, back = (
        Arrow("its cache 0", "its cache 1", "the line goes over"),
        Arrow("its cache 1", "its cache 0", "and back"),
    )
    return Drawing(
        step("Two counters of two threads, side by side, in one cache line.", "0 0", "- -"),
        step("Core 0 adds to the first: it needs the whole line.", "1 0", "- -"),
        step("Core 1 adds to the second: the line must go over.", "- -", "1 1", over),
        step("Core 0 adds again: the line goes back. Each time.", "2 1", "- -", back),
    )
