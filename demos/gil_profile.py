"""Who holds the GIL? A profiler (py-spy, or that of Python 3.15) looks at three threads from outside.

Look for: sha256 on a core, but almost never with the GIL; sort, which keeps it until it is done, far more
often with it than the Python loop, which is made to let go.

    $ python demos/gil_profile.py
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import CannotRun, Run, parse_args, record

BLOCK, NUMBERS = bytes(200_000_000), [i * i % 999_983 for i in range(150_000)]
SCRIPT = "import sys; sys.path.append({!r}); import gil_profile; gil_profile.work({})"
PY_SPY = ["record", "--gil", "--format", "raw", "--rate", "250"]
SAMPLING = ["-m", "profiling.sampling", "run", "--all-threads", "--mode", "gil", "--collapsed"]


def python_loop():
    sum(n for n in range(100_000))


def sort():
    sorted(NUMBERS)


def sha256():
    hashlib.sha256(BLOCK)


def repeat(job, seconds):
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        job()
    print(f"{job.__name__} on a core: {time.thread_time() / (time.perf_counter() - start):.0%}\n", end="")


def work(seconds):
    for job in (python_loop, sort, sha256):
        threading.Thread(target=repeat, args=(job, seconds)).start()


def profiler(output):
    """The command that runs a script and writes "frame;frame;… count" for those with the GIL."""
    if sys.version_info >= (3, 15):
        return [sys.executable, *SAMPLING, "-o", output]
    if found := shutil.which("py-spy") or shutil.which(Path(sys.executable).with_name("py-spy")):
        return [found, *PY_SPY, "-o", output, "--", sys.executable]
    raise CannotRun("there is no profiler: pip install py-spy, or take Python 3.15, which has one")


def look(seconds):
    """Each job, how often it was seen with the GIL, and how long it was on a core, in %."""
    with tempfile.TemporaryDirectory() as folder:
        script, output = Path(folder, "script.py"), Path(folder, "stacks")
        script.write_text(SCRIPT.format(str(Path(__file__).parent.resolve()), seconds))
        done = subprocess.run([*profiler(output), script], capture_output=True, text=True)
        stacks = output.read_text() if output.exists() else ""  # none where it may not look
    cores = re.findall(r"^(\w+) on a core: (.+)$", done.stdout, re.M)
    seen = {job: sum(map(int, re.findall(rf"\b{job}\b.* (\d+)$", stacks, re.M))) for job, _ in cores}
    if not any(seen.values()):
        raise CannotRun("nobody had a GIL: use a Python that has one, or run as root, who may look")
    yield from ((job, 100 * seen[job] / sum(seen.values()), {"on a core": core}) for job, core in cores)


def main(argv=None):
    args = parse_args(__doc__, argv, seconds=(1.5, 0.2))
    return record(args, (Run(job, [gil], "has GIL", "%", core) for job, gil, core in look(args.seconds)))


if __name__ == "__main__":
    sys.exit(main())
