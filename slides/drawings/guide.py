"""How this guide works."""

from drawing import Arrow, Column, Drawing, Frame, Lanes, Memory, Row


def proof() -> Drawing:
    """What is on a slide comes from a run of a script, by way of its record."""
    things = Row(
        Memory("slide", 'run("gil_lanes")'), Memory("script", "gil_lanes.py"), Memory("record", "numbers")
    )
    picture = Lanes({"thread 0": "##..##..##..##..", "thread 1": "..##..##..##..##"}, whiles=16)
    runs, writes = Arrow("slide", "script", "runs"), Arrow("script", "record", "writes")
    draws = Arrow("record", "lane of thread 0", "draws")
    return Drawing(
        Frame("A slide runs a script, here and now.", things, [runs]),
        Frame("The script writes down all that it measured.", things, [runs, writes]),
        Frame(
            "The picture, here a sketch, is drawn from these numbers only.",
            Column(things, picture),
            [runs, writes, draws],
        ),
        Frame("If a run fails, you see an earlier one, and its date.", Column(things, picture), [draws]),
    )
