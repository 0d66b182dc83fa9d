"""A direct view is all engines at once: it gives them data, has them work on these, and collects.

Each engine is a Python of its own, whose names last from call to call.
Look for: who holds what after each call: the engines under a name, this Python as the call's answer.

    $ python demos/ipp_views.py
"""

import sys

import textpicture
from harness import Attachment, Number, Run, needs_packages, parse_args, record

with needs_packages():
    from cluster import cluster

NUMBERS = Number(8, 4, least=1, most=32, about="that the engines share")
MESSAGES = ["signed", "encrypted"]
PROFILE = "the name of a profile whose cluster runs already"
COLUMNS = "{:9} {:19} {:20} {}"  # up to 76, as wide as the picture


def triple(x):
    return 3 * x


def calls(view, numbers):
    """The name of each call, its answer, and the name under which the engines then hold something."""
    yield "push", view.push({"factor": 3}), "factor"
    yield "scatter", view.scatter("part", numbers), "part"
    yield "execute", view.execute("part = [factor * x for x in part]"), "part"
    yield "pull", view.pull("part"), "part"
    yield "gather", view.gather("part"), "part"
    yield "map_sync", view.map_sync(triple, numbers), "part"


def by_hand(numbers, engines):
    """For each call its answer, None where it has none of use; and what the engines must hold then."""
    size, more = divmod(len(numbers), engines)  # the first engines have one more
    ends = [size * i + min(i, more) for i in range(engines + 1)]
    parts = [numbers[start:end] for start, end in zip(ends, ends[1:])]
    threefold, collected = [[x + x + x for x in part] for part in parts], [x + x + x for x in numbers]
    answers = [None, None, None, threefold, collected, collected]
    return zip(answers, [[3] * engines, parts, threefold, threefold, threefold, threefold])


def words(held, most=4):
    """A value; of a long list its ends; of a list of lists each in brackets."""
    if not isinstance(held, list):
        return "–" if held is None else str(held)
    shown = held if len(held) <= most else [held[0], "…", held[-1]]
    return " ".join(f"[{words(one)}]" if isinstance(one, list) else str(one) for one in shown)


def who_holds_what(numbers, workers, messages, profile):
    """A row for each call: on how many engines all is as it must be; in the end the picture."""
    with cluster(workers, profile=profile, encrypted=messages == "encrypted") as engines:
        view, last = engines.direct_view(block=True), len(engines) - 1
        lines = [COLUMNS.format("call", "engine 0", f"engine {last}" * bool(last), "answer").rstrip()]
        for (call, answer, name), (expected, must) in zip(calls(view, numbers), by_hand(numbers, last + 1)):
            answer, holds = expected and answer, view.pull(name)
            right = sum(has == should for has, should in zip(holds, must)) * (answer == expected)
            held = [f"{name}: {words(one)}" for one in holds]
            said = words(answer, most=2 if call == "pull" else 4)
            lines.append(COLUMNS.format(call, held[0], held[-1] * bool(last), said).rstrip())
            yield call, [right], "right", "engines", {"answer": said}
    yield "who holds what", "\n".join(lines), textpicture.draw(lines, r"^(call|engine \d+|answer)")


def main(argv=None):
    args = parse_args(__doc__, argv, numbers=NUMBERS, workers=(2, 2), messages=MESSAGES, profile=PROFILE)
    rows = who_holds_what([*range(args.numbers)], args.workers, args.messages, args.profile)
    return record(args, (Run(*row) if len(row) > 3 else Attachment(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
