"""The source of a demo: its run line, and a hash that tells when a recording is stale."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from pathlib import Path

HERE = Path(__file__).resolve().parent
INCLUDED = re.compile(r"""["'](\w+\.(?:c|h|pxd|pxi))["']""")
REMARK = re.compile(r"(?m)(^|\s)#(?! *(?:cython|distutils):).*$")  # of Cython; those two words are settings
RUN_LINE = re.compile(r"^ +\$ (?P<line>.*demos/(?P<demo>\w+)\.py.*)$", re.MULTILINE)


def demos() -> list[str]:
    """The names of all demos: the scripts whose docstring has a run line."""
    return [path.stem for path in sorted(HERE.glob("*.py")) if run_line(path.stem)]


def run_line(demo: str) -> str | None:
    """The command that a demo's docstring names, relative to the folder above this one."""
    doc = ast.get_docstring(ast.parse((HERE / f"{demo}.py").read_text(encoding="utf-8")), clean=False)
    found = RUN_LINE.search(doc or "")
    return found["line"].strip() if found and found["demo"] == demo else None


def source_hash(demo: str) -> str:
    """One hash of what a recording depends on: the script and the files beside it that it imports or names.

    Docstrings, comments and blank lines do not count; nor does the harness.
    """
    found = texts(demo)
    lines = [
        line.rstrip()
        for path in sorted(found)
        for line in [path.name, *found[path].splitlines()]
        if line.strip()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def is_compiled(demo: str) -> bool:
    """Whether the demo has a .pyx."""
    return any(path.suffix == ".pyx" for path in texts(demo))


def texts(demo: str) -> dict[Path, str]:
    """What counts of the script and of the files beside it that it imports or names."""
    found: dict[Path, str] = {}
    waiting = [HERE / f"{demo}.py"]
    while waiting:
        path = waiting.pop()
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            tree = ast.parse(text)
            found[path] = code_only(text, tree)
            used = dependencies(tree)
        else:
            found[path] = REMARK.sub("", text) if path.suffix == ".pyx" else text
            used = included(path)
        waiting += [path for path in used if path not in found and path not in waiting]
    return found


def code_only(text: str, tree: ast.Module) -> str:
    """The text without docstrings and comments, cut out by position: the same on every Python."""
    blocks = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        (node.body[0].lineno, node.body[0].col_offset)
        for node in ast.walk(tree)
        if isinstance(node, blocks) and ast.get_docstring(node, clean=False) is not None
    }
    rows = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type == tokenize.COMMENT or token.start in docs:
            (first, start), (last, end) = token.start, token.end
            rows[first - 1 : last] = [rows[first - 1][:start] + rows[last - 1][end:]]
    return "".join(rows)


def dependencies(tree: ast.Module) -> list[Path]:
    """The files beside a script that it imports, or names in a string (.pyx, .c, a child script)."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {f"{alias.name}.py" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(f"{node.module}.py")
        elif isinstance(node, ast.Constant) and str(node.value).endswith((".pyx", ".c", ".py")):
            names.add(Path(str(node.value)).name)
    return [HERE / name for name in sorted(names - {"harness.py"}) if (HERE / name).is_file()]


def included(path: Path) -> list[Path]:
    """The files beside a .pyx, .c or other text that it names in quotes, as in cdef extern from "limit.c"."""
    names = sorted(set(INCLUDED.findall(path.read_text(encoding="utf-8"))))
    return [file for name in names if (file := path.with_name(name)).is_file()]
