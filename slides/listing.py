"""Code for a slide: cut from a demo's file, so that it cannot drift, and lit up step by step."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import CLexer, CythonLexer, PythonLexer

LEXERS = {".py": PythonLexer, ".pyx": CythonLexer, ".pxi": CythonLexer, ".c": CLexer}
DEFINITION = re.compile(r"^(?:@.*\n)*[A-Za-z_].*?(\w+) *[(=].*\n(?:(?:[ \t{}()\[\]].*)?\n)*", re.MULTILINE)
DOCSTRING = re.compile(r'\n +"""(?:.|\n)*?"""')
DEMOS = Path(__file__).resolve().parent.parent / "demos"


def file_of(demo: str) -> Path:
    """A demo's script, or a file beside it by its whole name: cython_fib.pyx, say."""
    return DEMOS / (demo if Path(demo).suffix in LEXERS else f"{demo}.py")


def source(demo: str, *names: str) -> str:
    """The lines that define the names, in their order, with decorators and without docstrings.

    Without names it is the whole file.
    """
    file = file_of(demo)
    text = file.read_text(encoding="utf-8")
    if not names:
        return text.rstrip()
    found = python_definitions(text) if file.suffix == ".py" else definitions(text)
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"demos/{file.name} has no {', '.join(missing)}; it has {', '.join(found)}")
    return "\n\n".join(dict.fromkeys(found[name] for name in names))


def python_definitions(text: str) -> dict[str, str]:
    lines = text.splitlines()
    return {name: definition(node, lines) for node in ast.parse(text).body for name in defines(node)}


def definitions(text: str) -> dict[str, str]:
    """Of Cython or C, with what is indented or closed below the first line, without docstrings."""
    blocks = {found[1]: found[0].rstrip() for found in DEFINITION.finditer(text + "\n")}
    return {name: DOCSTRING.sub("", block) for name, block in blocks.items()}


def defines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def definition(node: ast.stmt, lines: list[str]) -> str:
    """The lines of a statement; the slide says in words what the docstring says."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    numbers = set(range(first, (node.end_lineno or first) + 1))
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner):
            doc = inner.body[0]
            numbers -= set(range(doc.lineno, (doc.end_lineno or doc.lineno) + 1))
    return "\n".join(lines[number - 1] for number in sorted(numbers))


def listing(text: str, steps: Sequence[str] = (), language: str = ".py") -> str:
    """The code as HTML, of the language that a file with this suffix has.

    Each step is a fragment of the slide: it lights up the lines that hold its text.
    """
    lines = text.splitlines()
    if unknown := [step for step in steps if not any(step in line for line in lines)]:
        raise ValueError(f"no line to light up holds {', '.join(map(repr, unknown))}")
    coloured = highlight(text, LEXERS[language](stripnl=False), HtmlFormatter(nowrap=True)).splitlines()
    rows = []
    for line, shown in zip(lines, coloured, strict=True):
        for number, step in enumerate(steps):
            if step in line:
                shown = f'<span class="fragment step" data-fragment-index="{number}">{shown}</span>'
        rows.append(f'<span class="line">{shown}</span>')
    return '<pre class="code"><code>' + "\n".join(rows) + "</code></pre>"
