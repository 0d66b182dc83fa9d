"""cython_fib: exact to the last number of 64 bits, timed by the call; the yellow lines are Cython's own."""

import json
import re

import annotation
import cython_fib
import pytest
from annotation import Line, annotated, in_words, of, yellow
from compiling import Missing, compiled
from conftest import DEMOS
from cython_fib import REPEATS, N, measure, python

LONG = ["--calls", "10000000"]  # some 40 s for a value of the first row, call by call
PROCESSES = []
STARTS = 0  # threads or processes besides itself
FUNCTIONS = ["untyped", "typed", "c_loop"]
PYX = DEMOS / "cython_fib.pyx"


def fibonacci(n):
    """The nth number and the next one, by doubling n: without a limit, and without the demo's loop."""
    if n == 0:
        return 0, 1
    a, b = fibonacci(n // 2)
    c, d = a * (2 * b - a), a * a + b * b
    return (d, c + d) if n % 2 else (c, d)


@pytest.fixture(scope="module")
def cython():
    try:
        return compiled("cython_fib.pyx")
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def page_and_lines():
    """What Cython wrote, and what we read in it."""
    pages = []
    run = annotation.subprocess.run

    def keep(command, **more):
        done = run(command, **more)
        pages.extend(file.read_text() for file in annotation.Path(more["cwd"]).glob("*.html"))
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotation.subprocess, "run", keep)
        lines = annotated(PYX)
    (page,) = pages
    return page, lines


@pytest.fixture
def lines(page_and_lines, monkeypatch):
    """Read once for all tests."""
    _, lines = page_and_lines
    monkeypatch.setattr(annotation, "annotated", {PYX: lines}.__getitem__)
    return lines


# --- the numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["python", *FUNCTIONS])
def test_every_number_up_to_the_last_is_exact(way, cython):
    function = getattr(cython, way, python)
    assert [function(n) for n in range(10)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
    assert [function(n) for n in range(N.most + 1)] == [fibonacci(n)[0] for n in range(N.most + 1)]


def test_the_last_is_the_last_that_64_bits_hold(demo):
    assert fibonacci(N.most)[0] < 2**63 <= fibonacci(N.most + 1)[0]
    done = demo("cython_fib", "--n", N.most + 1)
    assert done.returncode == 2
    assert "from 1 to 92" in done.stderr


def test_without_types_it_is_python_and_with_them_it_is_not(cython):
    assert cython.untyped(300) == fibonacci(300)[0]
    with pytest.raises(OverflowError):
        cython.typed(2**31)
    assert python(300) == fibonacci(300)[0]


def test_only_types_tell_the_two_functions_apart():
    text = PYX.read_text()
    untyped, typed = (re.search(rf"def {name}(.*?)\n\n\n", text, re.DOTALL)[1] for name in FUNCTIONS[:2])
    assert typed.replace("int n", "n").replace("    cdef long long a, b\n", "") == untyped
    body = (DEMOS / "cython_fib.py").read_text()
    assert untyped.removeprefix("(n):") in body  # and Python has the same lines


# --- the time of a call ----------------------------------------------------------------------------------


class Counted:
    """Functions that count their calls, instead of the compiled module."""

    def __init__(self, **wrong):
        self.calls = {}
        for name in FUNCTIONS:
            setattr(self, name, self.counting(name, wrong.get(name, 0)))

    def counting(self, name, wrong):
        def function(n):
            self.calls[name] = [*self.calls.get(name, []), n]
            return fibonacci(n)[0] + wrong

        return function


def test_every_way_is_called_as_often_as_asked(monkeypatch):
    module = Counted()
    monkeypatch.setattr(cython_fib, "compiled", lambda file: module)
    rows = list(measure(30, 7))
    assert [row[0] for row in rows] == ["Python", "Cython without types", "Cython with types", "C"]
    assert {row[-1] for row in rows} == {832_040}
    assert {len(row[1]) for row in rows} == {REPEATS}
    for name in FUNCTIONS:
        assert set(module.calls[name]) == {30}
        assert 0 <= len(module.calls[name]) - 7 * REPEATS <= 2  # for the answer


def test_a_value_is_the_time_of_one_call_in_microseconds(monkeypatch):
    monkeypatch.setattr(cython_fib, "compiled", lambda file: Counted())
    monkeypatch.setattr(cython_fib, "repeat", lambda *_, number, repeat, **__: [0.003 * number] * repeat)
    for _, values, measured, unit, *_ in measure(10, 50):
        assert (measured, unit) == ("time", "µs")
        assert values == [pytest.approx(3000)] * REPEATS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_another_number_is_not_measured(name, monkeypatch):
    monkeypatch.setattr(cython_fib, "compiled", lambda file: Counted(**{name: 1}))
    with pytest.raises(cython_fib.CannotRun, match="has another number than Python"):
        list(measure(10, 1))


# --- the yellow lines ------------------------------------------------------------------------------------


def behind(lines, function):
    """What is behind the lines of a function: {line without its indent: Line}."""
    return {line.text.strip(): line for line in of([function], lines)}


def test_every_line_of_the_file_is_there(lines):
    assert [line.text for line in lines] == PYX.read_text().splitlines()


def test_the_typed_loop_calls_no_python_and_the_untyped_one_does(lines):
    untyped, typed = behind(lines, "untyped"), behind(lines, "typed")
    for text in ("a, b = 0, 1", "for _ in range(n):", "a, b = b, a + b"):
        assert untyped[text].calls > 0 < untyped[text].score
        assert typed[text].calls == typed[text].score == 0
    assert typed["cdef long long a, b"] == ("    cdef long long a, b", 0, None)
    for found in (untyped, typed):  # a call from Python, and a number for it
        assert min(line.calls for text, line in found.items() if text.startswith(("def", "return"))) > 0


def test_cython_says_the_same_on_its_page(page_and_lines):
    """Found otherwise: each line by the number before it, the calls in the whole of what it unfolds."""
    page, lines = page_and_lines
    scores, calls = {}, {}
    for block in page.split('<pre class="cython line ')[1:]:
        score, number = re.match(r'score-(\d+)"[^>]*>\S+<span class="">(\d+)</span>:', block).groups()
        scores[int(number)] = int(score)
        if "<pre class='cython code" in block:
            marks = ["py_c_api", "py_macro_api", "pyx_c_api", "pyx_macro_api"]
            calls[int(number)] = sum(block.count(f"class='{mark}'") for mark in marks)
    assert scores == {number: line.score for number, line in enumerate(lines, 1)}
    assert calls == {number: line.calls for number, line in enumerate(lines, 1) if line.calls is not None}


TEXT = """
cdef int a(int x):
  x


def ab(y):
  y


def b(z):
  z
"""
FILE = [Line(text, 0, None) for text in TEXT.splitlines()]


@pytest.mark.parametrize(
    ("functions", "kept"),
    [
        (["a"], "cdef int a(int x):|  x"),
        (["b"], "def b(z):|  z"),
        (["ab", "b"], "def ab(y):|  y||def b(z):|  z"),
    ],
)
def test_of_a_file_only_some_functions_are_shown(functions, kept):
    assert [line.text for line in of(functions, FILE)] == kept.split("|")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_can_be_read_on_every_yellow_and_every_yellow_seen_on_white():
    shades = [luminance(yellow(score)) for score in range(1, 255)]
    assert shades == sorted(shades, reverse=True)
    assert (min(shades) + 0.05) / (luminance("#1b1b1b") + 0.05) >= 4.5
    for score in (1, 10, 250):
        red, green, blue = (int(yellow(score)[i : i + 2], 16) for i in (1, 3, 5))
        assert red == 255
        assert green - blue > 80  # not white


def test_the_picture_says_without_colours_where_python_is(lines):
    _, words, svg = annotation.picture("cython_fib.pyx", "untyped", "typed")
    rows = re.findall(r'(?:<rect [^>]*fill="(#\w+)"/>)?<text [^>]*>(.*?)</text>', svg)
    header, *shown = words.split("\n")
    assert header.split() == ["calls", "of", "Python's", "C", "API"]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for _, text in rows] == [
        line.replace("'", "&#x27;") for line in [header, *shown]
    ]
    assert max(map(len, [header, *shown])) <= 76
    assert len(shown) <= 20
    expected = of(["untyped", "typed"], lines)
    assert shown == [in_words(line) for line in expected]
    for line, (colour, text) in zip(expected, rows[1:], strict=True):
        assert colour == (yellow(line.score) if line.score else "")
        assert text.split("\N{NO-BREAK SPACE}")[-1] == str(line.calls or "none") or line.calls is None


# --- as a whole ------------------------------------------------------------------------------------------


def test_its_record_holds_the_rows_and_the_picture(cython, lines, tmp_path):
    assert cython_fib.main(["--n", "60", "--calls", "3", "--json", str(tmp_path / "r.json")]) == 0
    record = json.loads((tmp_path / "r.json").read_text())
    assert [run["result"] for run in record["runs"]] == [1_548_008_755_920] * 4
    (picture,) = record["attachments"]
    assert picture["name"] == "yellow lines"
    assert "def typed(int n):" in picture["alt"]
    assert "c_loop" not in picture["alt"]
