"""A program for start_methods.py: how soon its children answer, and what of its changes they have."""

import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time

setting = "as imported"
lock = threading.Lock()


def ready(parent):
    parent.send("ready")


def inherited(parent, number, file):
    try:
        same_file = os.path.samestat(os.fstat(number), os.stat(file))
    except OSError:  # no such number here
        same_file = False
    found = {
        "a global, changed after import": setting == "changed",
        "an open file, by its number": same_file,
        "a lock, held by a thread": lock.locked(),
        "the thread that holds it": threading.active_count() > 1,
        "os.environ, changed meanwhile": os.environ.get("SETTING") == "changed",
        "sys.argv, changed meanwhile": sys.argv[-1] == "changed",
    }
    parent.send(found)


def change_everything():
    global setting
    setting = os.environ["SETTING"] = "changed"
    sys.argv.append("changed")
    held = threading.Event()
    threading.Thread(target=hold, args=(held,), daemon=True).start()
    held.wait()


def hold(held):
    with lock:
        held.set()
        time.sleep(3600)


def ask(context, question, *args):
    """What a child answers, and after how many ms."""
    here, there = context.Pipe()
    start = time.perf_counter()
    child = context.Process(target=question, args=(there, *args))
    child.start()
    there.close()  # or nobody would notice that the child has died
    answer, ms = here.recv(), (time.perf_counter() - start) * 1000
    child.join()
    return answer, ms


def main():
    context = multiprocessing.get_context(sys.argv[1])
    ms = {child: ask(context, ready)[1] for child in ("first", "next")}
    change_everything()
    with tempfile.NamedTemporaryFile() as file:
        answers, _ = ask(context, inherited, file.fileno(), file.name)
    print(json.dumps({**ms, "answers": answers}))


if __name__ == "__main__":
    main()
