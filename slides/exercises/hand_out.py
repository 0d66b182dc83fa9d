"""make exercises: copy the exercises to build/exercises, for you to edit; what you have edited is kept.

Needs nothing but Python 3.9 or later. An exercise is a script that has a solution, <script>_solved.py.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "build" / "exercises"


def main() -> int:
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "check.py", FOLDER / "check.py")
        for solution in sorted(HERE.glob("*_solved.py")):
            hand_out(HERE / solution.name.replace("_solved", ""))
    except OSError as error:
        print(f"make exercises: {error.filename}: {error.strerror}; mend that, and repeat", file=sys.stderr)
        return 2
    return 0


def hand_out(stub: Path) -> None:
    yours = FOLDER / stub.name
    edited = yours.exists() and yours.read_bytes() != stub.read_bytes()
    if not edited:
        shutil.copyfile(stub, yours)
    print(f"python build/exercises/{stub.name}{'   (kept as you left it)' if edited else ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
