"""make free-threaded: a Python without a GIL for the demos, by uv, where this machine has none yet.

Needs nothing but the Python that make uses. uv puts it among its own Pythons, outside this folder, and the
demos find it there (demos/interpreters.py). Where it cannot be fetched, nothing is changed: exit status 2.
"""

import shutil
import subprocess
import sys

import setup

sys.path.append(str(setup.ROOT / "demos"))
import interpreters

RELEASE = "3.14t"  # the first that is no experiment, and what most packages have wheels for


def main() -> int:
    found = [each for each in interpreters.find()[0] if each.build == "free-threaded"]
    if not found:
        uv = shutil.which("uv") or setup.own_uv()
        print(f"Fetching Python {RELEASE} with uv ...", flush=True)
        done = subprocess.run([uv, "python", "install", RELEASE], capture_output=True, encoding="utf-8")
        if done.returncode:
            why = setup.last_line(done.stderr).strip().removeprefix("cause: ")
            print(f"make free-threaded: nothing was changed: {why}. {setup.MEND}", file=sys.stderr)
            return 2
        found = [each for each in interpreters.find()[0] if each.build == "free-threaded"]
    print(*interpreters.table(found), sep="\n")
    print(f"\nTry it: python demos/gil_lanes.py --python {found[0].short}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
