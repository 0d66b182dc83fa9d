"""deck.run in a real kernel: whatever a demo does, the slide shows a picture and nothing stays behind."""

import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import deck
import listing
import psutil
import pytest
import record
import recordings
import watchdog
from conftest import ROOT, free_port, left_in_memory, shared_memory, until
from jupyter_client.manager import KernelManager

SOON = 5  # seconds; what the stage promises
HANG = "    print('a row'); time.sleep(99)"  # without flush: a row must be seen all the same
SABOTAGE = {
    "hangs": (HANG, "took longer than 2 s"),
    "crashes": ("    print('a row'); raise OSError('the disk is full')", "OSError: the disk is full"),
    "prints 100,000 lines": ("    for i in range(100_000): print('line', i)", "printed more than 500 lines"),
    "prints an endless line": ("    while True: print(end='x' * 1000)", "printed more than 500 lines"),
    "writes no record": ("    print('a row')", "wrote no record"),
    "says what is missing": ("    sys.exit('no compiler: install gcc')", "no compiler: install gcc"),
    "leaves a grandchild that ignores TERM": (
        "    code = 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(99)'\n"
        "    import subprocess; subprocess.Popen([sys.executable, '-c', code], start_new_session=True)\n"
        + HANG,
        "took longer than 2 s",
    ),
    "leaves shared memory": (
        "    from multiprocessing.shared_memory import SharedMemory\n"
        "    memory = SharedMemory(create=True, size=1000)\n" + HANG,
        "took longer than 2 s",
    ),
    "leaves shared memory and ignores TERM": (
        "    from multiprocessing.shared_memory import SharedMemory\n"
        "    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    memory = SharedMemory(create=True, size=1000)\n" + HANG,
        "took longer than 2 s",
    ),
    "leaves an open port": (
        "    import socket; s = socket.create_server(('127.0.0.1', PORT))\n    os.fork()\n" + HANG,
        "took longer than 2 s",
    ),
}


@pytest.fixture
def talk(tmp_path):
    """A copy of what a talk needs, to do harm to."""
    for folder in ("demos", "slides"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


class Kernel:
    """A kernel of its own, as a slide has one; what a cell displayed can be updated by a later one."""

    def __init__(self, talk, **environment):
        self.manager = KernelManager()
        path = {"PYTHONPATH": str(talk / "slides"), "IPYTHONDIR": str(talk / "ipython")}
        self.manager.start_kernel(env=os.environ | path | environment, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code, seen=lambda text: None):
        """Execute a cell as a slide does: what it shows when it is done; seen() is told as it grows."""
        shown = []

        def hook(message):
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "display_data" | "execute_result" | "update_display_data":
                    shown.append(content["data"].get("text/html", content["data"]["text/plain"]))
                case "clear_output":
                    shown.clear()
                case "error":
                    shown.append(f"TRACEBACK {content['ename']}: {content['evalue']}")
            seen("".join(shown))

        self.client.execute_interactive(code, timeout=60, output_hook=hook, store_history=False)
        return "".join(shown)

    def value(self, code):
        return self.run(f"print({code})").strip()

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(talk):
    kernels = []

    def start(**environment):
        kernels.append(Kernel(talk, **environment))
        return kernels[-1]

    yield start
    for one in kernels:
        one.end()


def sabotage(talk, body):
    """The harness does not count for a recording's freshness, so harm done there leaves it valid."""
    with (talk / "demos" / "harness.py").open("a") as file:
        file.write(f"\nimport time\n\ndef record(args, experiment):\n{body}\n")


def leftovers(kernel):
    return watchdog.marked({"DECK_KERNEL": kernel.value("__import__('os').environ['DECK_KERNEL']")})


RUN = "from deck import run\nmeasured = run('gil_lanes', deadline=2)"


def test_a_live_run_shows_rows_then_the_picture(kernel):
    shown = kernel().run("from deck import run\nmeasured = run('gil_lanes')")
    picture, _, printed = shown.partition("<details>")
    assert '<figure class="picture"><svg' in picture
    assert "\nthread 0 " in printed
    assert re.search(r'class="state live">Live · \d+ \w+ \d{4}, \d\d:\d\d · \d+ usable core', picture)
    assert "Recorded" not in shown
    assert "TRACEBACK" not in shown


def test_rows_arrive_while_the_demo_runs(kernel):
    times = []
    kernel().run(
        "from deck import run\nmeasured = run('gil_lanes', interval=100)",  # a window of two seconds
        lambda text: times.append(("thread 0" in text, "CPython" in text, time.monotonic())),
    )
    head = next(when for _, headline, when in times if headline)
    rows = next(when for row, _, when in times if row)
    assert rows - head > 1  # the headline did not wait for the end


BUSY = """
import deck
taken = deck.recordings.best("gil_lanes", {})
for worker in taken["lanes"][0]["workers"]:
    taken["lanes"][0]["workers"][worker] = [[0, SHARE, "no core"], [SHARE, 100, "ran"]]
deck.running.live = lambda *_: taken
deck.run("gil_lanes")
"""


@pytest.mark.parametrize(
    ("share", "environment", "said"),
    [
        (20, {}, " · the machine is busy, Ctrl-Enter runs it again</p>"),
        (20, {"DECK_EXPORT": "1"}, " · the machine is busy</p>"),
        (5, {}, "</p>"),
    ],
)
def test_a_busy_machine_is_said_beside_what_it_spoiled(kernel, share, environment, said):
    shown = kernel(**environment).run(BUSY.replace("SHARE", str(share)))
    (state,) = re.findall(r'class="state live">(.*?</p>)', shown)
    assert re.fullmatch(r"Live · [^·]+ · \d+ usable cores?, [^·<]+" + re.escape(said), state)


def test_one_picture_of_several_can_be_chosen(talk, kernel):
    """... by a word that is no option of the demo, nor of its recording."""
    slide = kernel(REPLAY="fast")
    taken = json.loads(next(talk.glob("slides/recorded/*/gil_lanes.json")).read_text())
    assert taken["attachments"] == []
    taken["attachments"] = [{"name": name, "alt": name, "svg": f"<svg>{name}</svg>"} for name in "ab"]
    next(talk.glob("slides/recorded/*/gil_lanes.json")).write_text(json.dumps(taken))
    for picture, shown in (("", "lab"), ("lanes", "l"), ("a", "a"), ("no such", "lab")):
        result = slide.run(f"from deck import run\nrun('gil_lanes', picture={picture!r})")
        found = re.findall(r'<figure class="picture"><svg(?:>(\w)<| xmlns)', result)
        assert "".join(name or "l" for name in found) == shown, picture


def test_a_live_run_is_not_told_which_picture_is_shown(kernel):
    shown = kernel().run("from deck import run\nmeasured = run('gil_lanes', picture='lanes')")
    assert 'class="state live">Live · ' in shown
    assert "<figure" in shown


def test_another_picture_of_the_last_run_comes_at_once_the_same_one_is_measured_anew(kernel):
    slide = kernel()

    def started(picture, **options):
        call = "".join(f", {name}={value!r}" for name, value in {**options, "picture": picture}.items())
        shown = slide.run(f"from deck import run\nmeasured = run('gil_lanes'{call})")
        assert 'class="state live">Live · ' in shown
        return slide.value("id(measured)")

    first = started("lanes", workers=1)
    assert started("another", workers=1) == first
    assert started("lanes", workers=2) != first  # another run
    assert started("a third", workers=1) == first
    again = started("lanes", workers=1)
    assert again != first
    assert started("another", workers=1) == again


def test_the_last_live_run_is_not_shown_as_a_replay(kernel, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text('{"replay": "", "replayed": []}')
    slide = kernel(DECK_SETTINGS=str(settings))
    assert "Live" in slide.run("from deck import run\nmeasured = run('gil_lanes', picture='lanes')")
    settings.write_text('{"replay": "at once", "replayed": []}')
    assert "Recorded" in slide.run("from deck import run\nmeasured = run('gil_lanes', picture='another')")


def pictures_asked_for(folder):
    """(demo, options, picture) of each run(..., picture=...) in the notebooks."""
    for notebook in folder.glob("*.ipynb"):
        for (demo,), options in record.calls("run", notebook):
            if picture := options.pop("picture", ""):
                yield demo, {name: options[name] for name in set(options) - {"deadline"}}, picture


def unknown_pictures(folder):
    for demo, options, picture in pictures_asked_for(folder):
        taken = recordings.best(demo, options)  # if there is none, test_recordings.py says so
        if taken and picture not in deck.pictures(taken):
            yield demo, picture


def test_every_picture_that_a_slide_asks_for_is_there(tmp_path):
    assert list(unknown_pictures(ROOT / "slides")) == []
    cell = {"cell_type": "code", "source": ["run('gil_lanes', picture='lames', deadline=9)"]}
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert list(unknown_pictures(tmp_path)) == [("gil_lanes", "lames")]


def test_a_recording_does_not_know_which_picture_is_shown(tmp_path, monkeypatch):
    cells = [f"run('gil_race', picture={name!r}, deadline=30, workers=2)" for name in ("runs", "bytecode")]
    text = json.dumps({"cells": [{"cell_type": "code", "source": [cell]} for cell in cells]})
    (tmp_path / "x.ipynb").write_text(text)
    monkeypatch.setattr(record, "SLIDES", tmp_path)
    assert record.runs() == [("gil_race", {"workers": 2})]


def runs(measure, unit, **medians):
    return [
        {"variant": name, "measure": measure, "unit": unit, "values": [0, value, 9999], "parameters": {}}
        for name, value in medians.items()
    ]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            runs("lost", "%", plus_1=0, plus_int_1=41.23, with_lock=0),
            "plus_1 0 %, plus_int_1 41.2 %, with_lock 0 %",
        ),
        (runs("time", "s", sequential=2.0, threads=1.6), "speedup of sequential 1.00, threads 1.25"),
        (runs("time", "s", only=0.5), "only 0.5 s"),
        (runs("latency", "ms", a=1, b=2, c=3, d=4), "a 1 ms, b 2 ms, c 3 ms, d 4 ms"),
        (runs("latency", "ms", a=1, b=2, c=3, d=4, e=5), ""),
        (runs("latency", "ms", a=1) * 2, ""),  # which is which?
        ([], ""),
    ],
)
def test_a_few_runs_are_put_in_words_beside_a_prediction(found, words):
    taken = {"runs": found, "lanes": [], "attachments": [], "output": [[0.1, "an arbitrary last line"]]}
    assert deck.in_words(taken) == words


def test_lanes_are_put_in_words_by_their_own_line():
    output = [[0.1, "together 100 ms in 100 ms: 1.0 ran at a time"], [0.2, "an arbitrary last line"]]
    taken = {"runs": runs("lost", "%", a=1), "lanes": [{}], "attachments": [], "output": output}
    assert deck.in_words(taken) == output[0][1]


def test_options_reach_the_demo_and_the_record_comes_back(kernel):
    slide = kernel()
    slide.run("from deck import run\nmeasured = run('gil_lanes', workers=3, mechanism='processes')")
    assert slide.value("[*measured['lanes'][0]['workers']]") == "['process 0', 'process 1', 'process 2']"


@pytest.mark.parametrize("harm", SABOTAGE)
def test_sabotage_leaves_label_reason_and_picture_and_nothing_else(harm, talk, kernel):
    body, reason = SABOTAGE[harm]
    port, memory = free_port(), shared_memory()
    sabotage(talk, body.replace("PORT", str(port)))
    slide = kernel()
    shown = slide.run(RUN)
    assert re.search(rf'class="state recorded">Recorded · \d.* cores?, .* · .*{re.escape(reason)}', shown)
    assert '<figure class="picture"><svg' in shown
    assert "a row" not in shown
    assert "TRACEBACK" not in shown
    assert until(lambda: not leftovers(slide), SOON)
    assert until(lambda: not left_in_memory(memory), SOON), left_in_memory(memory)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_deleted_script_leaves_label_reason_and_picture(talk, kernel):
    (talk / "demos" / "gil_lanes.py").unlink()
    shown = kernel().run(RUN)
    assert "demos/gil_lanes.py cannot be read" in shown
    assert '<figure class="picture"><svg' in shown


def test_a_stale_recording_is_not_shown(talk, kernel):
    script = talk / "demos" / "gil_lanes.py"
    script.write_text(script.read_text().replace("\nTURNS =", "\nraise OSError('changed')\nTURNS ="))
    shown = kernel().run(RUN)
    assert "There is no recording of gil_lanes" in shown
    assert "OSError: changed" in shown
    assert "<figure" not in shown


@pytest.mark.parametrize("presses", [1, 3])
def test_an_interrupted_run_shows_the_recording(talk, kernel, presses):
    sabotage(talk, HANG)
    slide = kernel()
    interrupt = threading.Event()

    def seen(text):
        if "a row" in text and not interrupt.is_set():
            interrupt.set()
            for _ in range(presses):
                slide.manager.interrupt_kernel()
                time.sleep(0.1)

    shown = slide.run("from deck import run\nmeasured = run('gil_lanes', deadline=50)", seen)
    assert interrupt.is_set()
    assert "the live run was interrupted" in shown
    assert "<figure" in shown
    assert "TRACEBACK" not in shown
    assert until(lambda: not leftovers(slide), SOON)


def test_the_recording_is_there_before_the_last_process_is_gone(talk, kernel):
    body, _ = SABOTAGE["leaves a grandchild that ignores TERM"]
    sabotage(talk, body)
    slide = kernel()
    slide.run("from deck import run")
    pid = int(slide.value("__import__('os').getpid()"))
    mark = {"DECK_KERNEL": slide.value("__import__('os').environ['DECK_KERNEL']")}
    alive = []

    def seen(text):
        if "took longer than 2 s" in text:
            alive.append(len(psutil.Process(pid).children(recursive=True)) + len(deaf()))

    def deaf():
        ours = watchdog.marked(mark)
        found = [process for process in psutil.process_iter(["cmdline"]) if process in ours]
        return [process for process in found if "SIG_IGN" in " ".join(process.info["cmdline"] or [])]

    slide.run(RUN, seen)
    assert alive
    assert alive[0] > 0
    assert not deaf()


def test_nothing_survives_a_killed_kernel_and_the_next_run_says_so(talk, kernel):
    body, _ = SABOTAGE["leaves a grandchild that ignores TERM"]
    whole = (talk / "demos" / "harness.py").read_text()
    sabotage(talk, body)
    slide = kernel()
    pid = int(slide.value("__import__('os').getpid()"))
    slide.client.execute("from deck import run\nrun('gil_lanes', deadline=50)")
    running = []

    def busy():
        running[:] = psutil.Process(pid).children(recursive=True)
        return len(running) >= 3  # the demo, its grandchild, the guard

    assert until(busy, 20)
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not any(watchdog.alive(process.pid) for process in running), SOON)
    (talk / "demos" / "harness.py").write_text(whole)
    again = kernel()
    assert "the kernel died in the last live run" in (shown := again.run(RUN))
    assert '<figure class="picture"><svg' in shown
    assert "Recorded" not in again.run(RUN)


def test_replay_shows_the_recording_in_its_rhythm_and_starts_nothing(talk, kernel):
    sabotage(talk, "    open('started', 'w').close()")
    slide = kernel(REPLAY="1")
    printed = []
    shown = slide.run(RUN, lambda text: printed.append("\nthread 0" in text and "<figure" not in text))
    assert any(printed)  # before the picture, as in a live run
    assert 'class="state recorded">Recorded · ' in shown
    assert '<figure class="picture"><svg' in shown
    assert slide.value("measured['demo']") == "gil_lanes"
    assert not list(talk.rglob("started"))


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"replay": "", "replayed": []}, "Live"),
        ({"replay": "", "replayed": ["gil_lanes"]}, "Recorded"),
        ({"replay": "", "replayed": ["another"]}, "Live"),
        ({"replay": "at once", "replayed": []}, "Recorded"),
    ],
)
def test_the_stage_chooses_what_is_replayed(talk, kernel, settings, state):
    file = talk / "settings.json"
    file.write_text(json.dumps(settings))
    shown = kernel(DECK_SETTINGS=str(file), REPLAY="1").run("from deck import run\nrun('gil_lanes')")
    assert re.findall(r'class="state \w+">(\w+) ·', shown) == [state]


def test_at_once_prints_no_lines_before_the_picture(kernel):
    seen = []
    kernel(REPLAY="fast").run(RUN, seen.append)
    assert all("<figure" in text for text in seen if "thread 0" in text)


TUNE = "from deck import tune\ntune('gil_lanes', workers=[2, 1], mechanism=['threads', 'processes'])"


def checked(shown):
    return re.findall(r'name="(\w+)" value="(\w+)" checked', shown)


def test_controls_show_their_first_choice_then_another(kernel):
    slide = kernel()
    form, _, results = slide.run(TUNE).rpartition("</form>")
    assert re.findall(r'name="workers" value="(\d)"', form.rpartition("<form")[2]) == ["1", "2"]
    assert checked(form)[-2:] == [("workers", "2"), ("mechanism", "threads")]
    assert "thread 1" in results
    shown = slide.run("import deck; deck.retune('gil_lanes', {'workers': '1', 'mechanism': 'processes'})")
    assert checked(shown) == [("workers", "1"), ("mechanism", "processes")]
    assert "process 0" in shown
    assert "process 1" not in shown
    assert 'data-options="{&quot;workers&quot;: &quot;1&quot;, &quot;mechanism&quot;: ' in shown


def test_a_failure_behind_controls_shows_why_and_the_recording(talk, kernel):
    sabotage(talk, SABOTAGE["crashes"][0])
    shown = kernel().run("from deck import tune\ntune('gil_lanes', mechanism=['processes'])")
    assert "OSError: the disk is full" in shown
    assert "<figure" in shown
    assert "TRACEBACK" not in shown


def test_in_the_export_every_choice_is_there_as_recorded_and_the_first_is_seen(talk, kernel):
    sabotage(talk, "    open('started', 'w').close()")
    folder = next((talk / "slides/recorded").glob("*"))
    for mechanism in ("threads", "processes"):
        copy = folder / f"gil_lanes@mechanism={mechanism},workers=2.json"
        shutil.copy(folder / "gil_lanes.json", copy)
    cell = "from deck import tune\ntune('gil_lanes', mechanism=['threads', 'processes'], workers=[2])"
    slide = kernel(DECK_EXPORT="1")
    shown = slide.run(cell)
    assert shown.count("<figure") == shown.count("Recorded · ") == 2
    found = re.findall(r'data-options="([^"]+)"( hidden)?>', shown)
    options = [(json.loads(html.unescape(text)), hidden) for text, hidden in found]
    assert options == [
        ({"mechanism": "threads", "workers": "2"}, ""),
        ({"mechanism": "processes", "workers": "2"}, " hidden"),
    ]
    assert not list(talk.rglob("started"))
    copy.unlink()
    expected = "TRACEBACK Failed: There is no recording of gil_lanes@mechanism=processes,workers=2"
    assert expected in slide.run(cell)


def test_in_the_export_a_failed_run_raises(talk, kernel):
    sabotage(talk, SABOTAGE["crashes"][0])
    shown = kernel(DECK_EXPORT="1").run(RUN)
    assert "TRACEBACK Failed: the live run ended with status 1: OSError: the disk is full" in shown


def test_without_a_recording_the_slide_says_so(kernel):
    shown = kernel(REPLAY="1").run("from deck import run\nmeasured = run('gil_lanes', workers=17)")
    assert "There is no recording of gil_lanes@workers=17" in shown


def test_in_the_export_a_missing_recording_raises(kernel):
    shown = kernel(REPLAY="1", DECK_EXPORT="1").run("from deck import run\nrun('gil_lanes', workers=17)")
    assert "TRACEBACK Failed: There is no recording of gil_lanes@workers=17" in shown


def test_show_cuts_definitions_with_decorators_and_without_docstrings(talk, monkeypatch):
    f = '@one\n@two(3)\ndef f(x):\n    """Words."""\n    return x\n'
    rest = 'LIMIT = 3  # why\n\nclass C:\n    """Words."""\n    y = 1\n'
    (talk / "demos" / "sample.py").write_text(f"{f}\n{rest}")
    monkeypatch.setattr(listing, "DEMOS", talk / "demos")
    assert listing.source("sample", "f") == "@one\n@two(3)\ndef f(x):\n    return x"
    assert listing.source("sample", "LIMIT", "C") == "LIMIT = 3  # why\n\nclass C:\n    y = 1"
    with pytest.raises(ValueError, match=r"demos/sample.py has no g; it has f, LIMIT, C"):
        listing.source("sample", "g")


PYX = '''"""Words."""
cimport cython

cdef int N = 4

@cython.cdivision(True)
def typed(int n,
          int m,
):
    """Words,
    more."""
    return n

# of C
cdef inline int f() nogil:
    return N
'''

C = """#include <x.h>
static int f(int n)
{
    int s = g(n);

    return s;
}
int h(void) { return 1; }
"""


def test_show_cuts_cython_and_c_too(talk, monkeypatch):
    (talk / "demos" / "sample.pyx").write_text(PYX)
    (talk / "demos" / "sample_limit.c").write_text(C)
    monkeypatch.setattr(listing, "DEMOS", talk / "demos")
    shown = "@cython.cdivision(True)\ndef typed(int n,\n          int m,\n):\n    return n"
    assert listing.source("sample.pyx", "typed", "N") == f"{shown}\n\ncdef int N = 4"
    assert listing.source("sample.pyx", "f") == "cdef inline int f() nogil:\n    return N"
    assert listing.source("sample_limit.c", "f") == C[C.index("static") : C.index("int h") - 1]
    assert '<span class="kt">int</span>' in listing.listing(C, language=".c")
    with pytest.raises(ValueError, match=r"demos/sample.pyx has no g; it has N, typed, f"):
        listing.source("sample.pyx", "g")


def test_a_step_lights_up_every_line_that_holds_its_text():
    code = "lock.acquire()\ntry:\n    count += 1\nfinally:\n    lock.release()"
    shown = listing.listing(code, ["lock", "count", "release"])
    lit = [
        [int(number) for number in re.findall(r'step" data-fragment-index="(\d)"', line)]
        for line in shown.splitlines()
    ]
    assert lit == [[0], [], [1], [], [2, 0]]
    assert re.sub(r"<[^>]+>", "", shown) == code
    with pytest.raises(ValueError, match="no line to light up holds 'while'"):
        listing.listing(code, ["while"])


def test_the_recording_with_the_nearest_number_of_cores_is_taken(talk, monkeypatch):
    monkeypatch.setattr(recordings, "FOLDER", talk / "recorded")
    taken = json.loads(next(ROOT.glob("slides/recorded/*/gil_lanes.json")).read_text())
    for cores in (2, 8, 64):
        taken["machine"]["cores"]["usable"] = cores
        folder = talk / "recorded" / f"some-{cores}cores"
        folder.mkdir(parents=True)
        (folder / "gil_lanes.json").write_text(json.dumps(taken))
    for here, expected in ((1, 2), (2, 2), (6, 8), (128, 64)):
        monkeypatch.setattr(recordings, "usable_cores", lambda here=here: here)
        assert recordings.best("gil_lanes", {})["machine"]["cores"]["usable"] == expected


def test_room_and_parts_name_the_machine_and_every_part(kernel):
    slide = kernel()
    shown = slide.run("from deck import parts, room\nroom()\nparts()")
    assert "Python" in shown
    assert sys.version.split()[0] in shown
    for notebook in (ROOT / "slides").glob("*.ipynb"):
        assert f'href="{notebook.stem}.ipynb"' in shown
