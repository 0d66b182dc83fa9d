"""An exercise on a slide: how to get it and run it, its code, and a solution to unfold."""

import ast
import html
from pathlib import Path

from IPython.display import HTML, display
from listing import definition, listing

EXERCISES = Path(__file__).resolve().parent / "exercises"


def exercise(name: str) -> None:
    """Display what slides/exercises/<name>.py asks to be mended; the solution takes its place."""
    commands = ["make exercises", f"python build/exercises/{name}.py"]
    lines = "".join(f"<li><code>{command}</code></li>" for command in commands)
    stub, solved = (listing(code(script), language=language(script)) for script in (name, f"{name}_solved"))
    solution = f"<details><summary>Show a solution</summary>{solved}</details>"
    shown = f"<p>{task(name)}</p><ol>{lines}</ol>{solution}{stub}"
    display(HTML(f'<div class="exercise">{shown}</div>'))


def task(script: str) -> str:
    """The first sentence of a script, without its name."""
    words = ast.parse((EXERCISES / f"{script}.py").read_text(encoding="utf-8"))
    sentence = str(ast.get_docstring(words)).splitlines()[0].partition(": ")[2]
    return html.escape(sentence[:1].upper() + sentence[1:])


def code(script: str) -> str:
    """What is to be mended: a text in Cython, if there is one.

    Else all that a script defines, without its docstring, its imports and the call of the check.
    """
    text = (EXERCISES / f"{script}.py").read_text(encoding="utf-8")
    if cython := cython_in(text):
        return cython.strip()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign)
    definitions = [node for node in ast.parse(text).body if isinstance(node, kinds)]
    return "\n\n".join(definition(node, text.splitlines()) for node in definitions)


def language(script: str) -> str:
    return ".pyx" if cython_in((EXERCISES / f"{script}.py").read_text(encoding="utf-8")) else ".py"


def cython_in(text: str) -> str:
    """The text in several lines that a script gives a name."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            words = str(node.value.value)
            if "\n" in words:
                return words
    return ""
