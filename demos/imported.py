"""A program for imports.py: what comes of an import in this Python, in the main interpreter or in another."""

import contextlib
import importlib
import importlib.machinery
import json
import sys
import sysconfig
import time
import warnings
from importlib import metadata


def in_main(module):
    """Import it here: the error if there is one, and what became of the GIL."""
    before, error, start = extensions(), "", time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            importlib.import_module(module)
        except Exception as failed:  # packages raise what they like
            error = words(type(failed).__name__, str(failed))
    return {
        "error": error,
        "ms": (time.perf_counter() - start) * 1000,
        "extensions": extensions() - before,
        "gil": gil(),
        "warning": next((str(each.message) for each in said if "GIL" in str(each.message)), ""),
    }


def in_new(module):
    """Import it in a new interpreter, which has none of the modules of this one."""
    from concurrent import interpreters

    with contextlib.closing(interpreters.create()) as other:
        error, start = "", time.perf_counter()
        try:
            other.exec(f"import {module}")
        except interpreters.ExecutionFailed as failed:
            error = words(failed.excinfo.type.__name__, failed.excinfo.msg)
        return {"error": error, "ms": (time.perf_counter() - start) * 1000, "gil": gil()}


def gil():
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def words(kind, message):
    """The error in one line: some explain themselves at length, and end with what was wrong."""
    return f"{kind}: {message.strip().rpartition(chr(10))[2].strip()}"


def extensions():
    """How many modules of this process come from shared libraries, but for the standard library's."""
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return sum(
        isinstance(spec.loader, importlib.machinery.ExtensionFileLoader)
        and spec.name.partition(".")[0] not in sys.stdlib_module_names
        for spec in specs
        if spec
    )


def about():
    """The packages that bring extension modules, by the name to import; how to compile one."""
    marked = tuple(suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES if suffix.count(".") > 1)
    files = [file for each in metadata.distributions() for file in each.files or []]
    libraries = [file for file in files if file.name.endswith((*marked, ".pyd"))]
    return {
        "packages": sorted({file.parts[0].partition(".")[0] for file in libraries} - {""}),
        "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "headers": sysconfig.get_path("include"),
        "linker": sysconfig.get_config_var("LDSHARED") or "",
    }


def main():
    """Answer a question in a line of JSON: about, or main or new with a module."""
    known = {"main": in_main, "new": in_new, "about": about}
    question, *module = sys.argv[1:]
    print("\n" + json.dumps(known[question](*module)))  # what the module has printed ends before it


if __name__ == "__main__":
    main()
