"""Without the GIL nothing may touch a Python object: Cython refuses to translate what would.

Each statement stands in a loop without the GIL. Cython translates it to C, or says why not, --times times.
Look for: errors where there are Python objects, none for C or `with gil`; and what Cython says in its words.

    $ python demos/cython_refusal.py
"""

import io
import re
import sys
import textwrap
from contextlib import redirect_stderr, suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import textpicture
from harness import Attachment, Run, needs_packages, parse_args, record

with needs_packages():
    import setuptools  # noqa: F401  (Cython wants it where Python has no distutils any more)
    from Cython.Build import cythonize
    from Cython.Compiler.Errors import CompileError

LOOP = """{before}
def loop():
    cdef int i
    with nogil:
        for i in range(3):
            {statement}
"""
STATEMENTS = {  # and what they need before the loop
    "print(i)": "",
    "with gil: print(i)": "",
    'printf("%d", i)': "from libc.stdio cimport printf",
    "a_list.append(i)": "a_list = []",
    "c_array[i] = i": "cdef int[3] c_array",
    "python_function(i)": "def python_function(x): pass",
    "may_raise(i)": "cdef void may_raise(int x) nogil: pass",
    "never_raises(i)": "cdef void never_raises(int x) noexcept nogil: pass",
}


def translate(text):
    """What Cython says while it makes C of this text."""
    with TemporaryDirectory() as folder, redirect_stderr(io.StringIO()) as said, suppress(CompileError):
        Path(folder, "loop.pyx").write_text(text, encoding="utf-8")
        cythonize([f"{folder}/loop.pyx"], language_level=3, quiet=True)
    return re.sub(r"(?m)^(\w+ hint: )?.*[/\\](?=loop\.pyx)", r"\1", said.getvalue())  # without the folder


def attempts(times):
    """A row for each statement; in the end the pictures of what was said to two of them."""
    said = {}
    for statement, before in STATEMENTS.items():
        text = LOOP.format(before=before, statement=statement)
        said[statement] = [translate(text) for _ in range(times)][-1]
        errors = len(re.findall(r"(?m)^loop\.pyx:", said[statement]))
        answer = "refuses" if errors else "warns" if said[statement] else "accepts"
        yield [(statement, [errors], "said", "errors", {"Cython": answer})], []
    yield [], [picture("refusal", said["print(i)"]), picture("hint", said["may_raise(i)"])]


def picture(name, said):
    """The words without those that come again, and an SVG of them."""
    words = dict.fromkeys(said.expandtabs(4).splitlines())
    lines = [row for line in words for row in textwrap.wrap(line, 76)]
    return name, "\n".join(lines), textpicture.draw(lines, r"not allowed.*|require the GIL|noexcept")


def main(argv=None):
    args = parse_args(__doc__, argv, times=(1, 1))
    tried = attempts(args.times)
    shown = ([*(Run(*row) for row in rows), *(Attachment(*at) for at in said)] for rows, said in tried)
    return record(args, chain.from_iterable(shown))


if __name__ == "__main__":
    sys.exit(main())
