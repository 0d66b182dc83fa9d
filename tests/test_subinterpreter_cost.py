"""subinterpreter_cost: each kind of pool starts anew each time, and gives back what it was given."""

import contextlib
import json
import pickle
import subprocess
import time

import pytest
import subinterpreter_cost
from pythons import those_with

LONG = ["--python", "here", "--trips", "10000", "--starts", "1000"]
PROCESSES = ["--python", "here"]


THERE, only_there = those_with("subinterpreters")
STARTED = ["threads", "subinterpreters", *(f"processes, {method}" for method in subinterpreter_cost.METHODS)]
PASSED = {
    "threads, bytes": [1, 100, 10_000],
    "subinterpreters, bytes": [1, 100, 10_000],
    "subinterpreters, memoryview": [1, 100, 10_000],
    "subinterpreters, list": [1, 100],
    "processes, bytes": [1, 100, 10_000],
    "processes, list": [1, 100],
}


@only_there
def test_each_kind_starts_and_passes_on_what_it_can(demo, tmp_path):
    file = tmp_path / "record.json"
    done = demo("subinterpreter_cost", "--quick", "--python", THERE[0].executable, "--json", file)
    assert done.returncode == 0, done.stderr
    runs = json.loads(file.read_text())["runs"]
    for name in {run["parameters"]["python"] for run in runs}:
        ours = [run for run in runs if run["parameters"]["python"] == name]
        assert {run["variant"] for run in ours if run["measure"] == "start"} == {*STARTED}
        passed = {}
        for run in ours:
            if run["measure"] == "there and back":
                passed.setdefault(run["variant"], []).append(run["parameters"]["kB"])
        assert passed == PASSED
        assert all(len(run["values"]) == 1 and run["values"][0] > 0 < run["warm_up"] for run in ours)


@pytest.mark.parametrize("kind", [bytes, memoryview, list])
def test_so_many_bytes(kind):
    argument = subinterpreter_cost.some(kind, 3)
    assert type(argument) is kind
    assert len(argument) * (8 if kind is list else 1) == 3000
    assert subinterpreter_cost.same(argument) is argument


def test_a_memoryview_cannot_go_to_a_process():
    assert memoryview not in subinterpreter_cost.PASSED[f"processes, {subinterpreter_cost.METHODS[0]}"]
    with pytest.raises(TypeError, match=r"cannot pickle '?memoryview'? object"):
        pickle.dumps(subinterpreter_cost.some(memoryview, 1))


class Pool:
    """A pool without workers; each call takes 5 ms, and so does its start."""

    def __init__(self, workers):
        assert workers == 1
        made.append(self)
        self.given, self.left = [], False
        time.sleep(0.005)

    def submit(self, function, argument):
        self.given.append(argument)
        self.answer = function(argument)
        return self

    def result(self):
        time.sleep(0.005)
        return self.answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.left = True
        time.sleep(0.02)


made = []


@pytest.fixture
def pools(monkeypatch):
    made.clear()
    named = ["threads", f"processes, {subinterpreter_cost.METHODS[0]}", "processes, other"]
    monkeypatch.setattr(subinterpreter_cost, "pools", lambda: [(name, Pool) for name in named])
    monkeypatch.setattr(subinterpreter_cost, "KB", {bytes: [1, 2], list: [1]})


def test_the_start_ends_with_the_first_result_and_not_with_the_end():
    made.clear()
    start = time.perf_counter()
    ms = subinterpreter_cost.first_result(Pool)
    assert 10 <= ms <= (time.perf_counter() - start) * 1000 - 20
    assert made[0].left


def test_a_trip_is_in_microseconds():
    assert 5_000 <= subinterpreter_cost.there_and_back(Pool(1), b"") < 10_000_000


def test_rows_the_first_value_apart(pools):
    rows = list(subinterpreter_cost.costs(starts=2, trips=3))
    assert [(name, measure, unit, more) for name, _, measure, unit, more, _ in rows] == [
        ("threads", "start", "ms", {}),
        ("processes, " + subinterpreter_cost.METHODS[0], "start", "ms", {}),
        ("processes, other", "start", "ms", {}),
        ("threads, bytes", "there and back", "µs", {"kB": 1}),
        ("threads, bytes", "there and back", "µs", {"kB": 2}),
        ("processes, bytes", "there and back", "µs", {"kB": 1}),
        ("processes, bytes", "there and back", "µs", {"kB": 2}),
        ("processes, list", "there and back", "µs", {"kB": 1}),
    ]
    assert [len(values) for _, values, *_ in rows] == [2] * 3 + [3] * 5
    assert all(0.005 <= warm_up < 2 for *_, warm_up in rows)
    assert len(made) == 3 * 3 + 3
    assert all(pool.left for pool in made)
    threads, processes, _ = made[9:]
    assert [len(each or b"") for each in threads.given] == [0] + [1000] * 4 + [2000] * 4
    assert [len(each or b"") for each in processes.given] == [0] + [1000] * 4 + [2000] * 4 + [125] * 4


def test_real_threads_and_processes_give_back_what_they_get():
    for name, make in subinterpreter_cost.pools():
        if name != "subinterpreters" and not name.endswith("spawn"):
            with make(1) as pool, contextlib.suppress(KeyError):
                for kind in subinterpreter_cost.PASSED[name]:
                    argument = subinterpreter_cost.some(kind, 1)
                    assert pool.submit(subinterpreter_cost.same, argument).result() == argument


# --- what the notes say of interpreters

SHARED = """
from concurrent import futures
def write(memory, text):
    memory[:len(text)] = text
    return memory
if __name__ == "__main__":
    memory = bytearray(9)
    with futures.InterpreterPoolExecutor(1) as pool:
        pool.submit(write, memoryview(memory), b"shared").result()
    print(memory.rstrip(b"\\0").decode())
"""


@only_there
def test_a_memoryview_is_shared_with_an_interpreter(tmp_path):
    script = tmp_path / "shared.py"
    script.write_text(SHARED)
    done = subprocess.run([THERE[0].executable, script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("shared\n", "")
