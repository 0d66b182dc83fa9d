"""compiling: once for each text, compiler and set of flags; what is missing is one line."""

import os
import re
import shutil
import subprocess
import sys

import compiling
import Cython
import pytest
import sources
from compiling import CannotRun, Missing, compiled, openmp_flags, reason
from conftest import DEMOS

PYX = """
cdef extern from "limit.c":
    int limit()

def answer():
    return limit()

def halved(int number):
    return number // 2
"""
OPENMP = """
static int limit(void) {
#ifdef _OPENMP
    return 1;
#endif
    return 0;
}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder instead of demos/, with a .pyx and a .c, and an empty cache."""
    place = tmp_path / "a folder"
    place.mkdir()
    (place / "module.pyx").write_text(PYX)
    (place / "limit.c").write_text("static int limit(void) { return 42; }\n")
    monkeypatch.setattr(compiling, "HERE", place)
    monkeypatch.setenv("CYTHON_CACHE_DIR", str(tmp_path / "the cache"))
    compiled.cache_clear()
    yield place
    compiled.cache_clear()


def kept(folder):
    return sorted(path.name for path in (folder.parent / "the cache" / "demos").iterdir())


def no_compiler(*_, **__):
    raise AssertionError("compiled again")


def test_it_is_compiled_once_with_its_c_file_and_directives(folder, capsys, monkeypatch):
    module = compiled("module.pyx", openmp=False, cdivision=True)
    assert capsys.readouterr().out == "Compiling module.pyx, once ...\n"
    assert module.answer() == 42
    assert module.halved(-7) == -3  # as C has it, not Python
    (one,) = kept(folder)  # and no draft beside it

    monkeypatch.setattr(subprocess, "run", no_compiler)
    assert compiled("module.pyx", openmp=False, cdivision=True) is module
    compiled.cache_clear()  # as in the next run
    assert compiled("module.pyx", openmp=False, cdivision=True).answer() == 42
    assert capsys.readouterr().out == ""

    for other in ({"openmp": True}, {"cdivision": False}):
        with pytest.raises(AssertionError, match="compiled again"):
            compiled("module.pyx", **{"openmp": False, "cdivision": True} | other)
    (folder / "limit.c").write_text("static int limit(void) { return 43; }\n")
    compiled.cache_clear()
    with pytest.raises(AssertionError, match="compiled again"):
        compiled("module.pyx", openmp=False, cdivision=True)
    assert kept(folder) == [one]


def test_openmp_is_there_if_and_only_if_asked_for(folder):
    (folder / "limit.c").write_text(OPENMP)
    assert [compiled("module.pyx", openmp=openmp).answer() for openmp in (False, True)] == [0, 1]


def test_two_at_once_do_no_harm(folder):
    script = f"import compiling, pathlib; compiling.HERE = pathlib.Path({str(folder)!r}); "
    script += "print(compiling.compiled('module.pyx', openmp=False).answer())"
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=DEMOS) for _ in range(2)]
    assert [child.communicate()[0].splitlines()[-1] for child in both] == ["42", "42"]
    assert len(kept(folder)) == 1


def test_the_next_run_imports_no_compiler(folder):
    script = "import sys, compiling; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=DEMOS)
    assert "compiling" in done.stdout.split()
    assert not {"setuptools", "distutils", "Cython.Compiler.Main"} & set(done.stdout.split())


def test_what_makes_another_module_gives_it_another_name(folder, tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(compiling, "build", lambda source, kept, *rest: names.append(kept.name))

    def ask():
        compiled.cache_clear()
        with pytest.raises(ImportError):  # nothing was built
            compiled("module.pyx")

    monkeypatch.setenv("CC", "cc")
    ask()
    ask()
    assert names[0] == names.pop()
    monkeypatch.setenv("CC", "cc -DX")
    ask()
    monkeypatch.setenv("CFLAGS", "-O0")
    ask()
    other = shutil.copy2(shutil.which("cc"), tmp_path / "cc")  # the same, elsewhere
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    ask()
    os.utime(other, (1, 1))  # an update in its place
    ask()
    monkeypatch.setattr(Cython, "__version__", "0")
    ask()
    monkeypatch.setattr(sys, "version", "0")
    ask()
    assert len(set(names)) == 7


def test_no_compiler_is_one_line(folder, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    with pytest.raises(Missing, match=r"^no C compiler, no-such-compiler: \S.*$"):
        compiled("module.pyx")


def test_a_fault_of_the_source_is_quoted(folder):
    (folder / "module.pyx").write_text("def answer():\n    return forty_two\n")
    with pytest.raises(CannotRun, match=r"^module.pyx cannot be compiled: .*undeclared name.*$"):
        compiled("module.pyx")
    assert kept(folder) == []


@pytest.mark.skipif(
    os.name == "nt", reason="Windows has Microsoft's compiler, which no script can stand in for"
)
def test_what_a_real_compiler_says_of_missing_openmp_is_understood(folder, tmp_path, monkeypatch):
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho \"cc: error: unsupported option '-fopenmp'\" >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("CC", str(fake))
    with pytest.raises(Missing, match=f"^no OpenMP: {compiling.OPENMP}$"):
        compiled("module.pyx")


COMMAND = "error: command 'gcc' failed: Command ['gcc', '-fopenmp', '-lomp', '-I/x/omp.h'] returned 1"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("m.c:16:10: fatal error: Python.h: No such file or directory", f"no Python.h: {compiling.HEADERS}"),
        ("m.c:26:10: fatal error: omp.h: No such file or directory", f"no OpenMP: {compiling.OPENMP}"),
        ("/usr/bin/ld: cannot find -lgomp: No such file or directory", f"no OpenMP: {compiling.OPENMP}"),
        ("ld: library not found for -lomp", f"no OpenMP: {compiling.OPENMP}"),
        ("gcc: fatal error: cannot read spec file 'libgomp.spec'", f"no OpenMP: {compiling.OPENMP}"),
        ("clang: error: unsupported option '-fopenmp'", f"no OpenMP: {compiling.OPENMP}"),
        (
            "error: Microsoft Visual C++ 14.0 or greater is required.",
            f"no C compiler: {compiling.C_COMPILER}",
        ),
        (
            "ModuleNotFoundError: No module named 'setuptools'",
            "setuptools is missing: pip install setuptools",
        ),
        (
            "m.c:3:1: error: unknown type name 'flot'",
            "m.pyx cannot be compiled: m.c:3:1: error: unknown type name 'flot'",
        ),
        ("", "m.pyx cannot be compiled: no reason given"),
    ],
)
def test_what_compilers_say_is_understood(said, line):
    words = f"Compiling m.pyx because it changed.\nm.c: In function 'openmp':\n{said}\n{COMMAND}\n"
    assert str(reason("m.pyx", words)) == line


@pytest.mark.parametrize(
    ("platform", "msvc", "command", "flags"),
    [
        ("linux", False, ["gcc"], (["-fopenmp"], ["-fopenmp"])),
        ("darwin", False, ["gcc-15"], (["-fopenmp"], ["-fopenmp"])),
        ("win32", True, [], (["/openmp:llvm"], [])),
    ],
)
def test_openmp_has_another_name_for_each_compiler(platform, msvc, command, flags, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(compiling, "MSVC", msvc)
    assert openmp_flags(command) == flags


@pytest.mark.parametrize("name", ["clang", "gcc"])  # on macOS both are Apple's clang
def test_apples_clang_is_told_where_homebrew_has_libomp(name, tmp_path, monkeypatch):
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "omp.h").touch()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(compiling, "LIBOMP", ["/nowhere", str(tmp_path)])
    compiling_flags, linking = openmp_flags([name])
    assert compiling_flags == ["-Xpreprocessor", "-fopenmp", f"-I{tmp_path}/include"]
    assert linking == [f"-L{tmp_path}/lib", "-lomp"]


def test_a_cache_that_cannot_be_written_is_one_line(folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CYTHON_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(CannotRun, match=r"^cannot write to .*: set CYTHON_CACHE_DIR to a folder of yours$"):
        compiled("module.pyx")


@pytest.mark.parametrize(
    ("variables", "platform", "place"),
    [
        ({"XDG_CACHE_HOME": "/x", "CYTHON_CACHE_DIR": "/y"}, "linux", "/y"),
        ({"XDG_CACHE_HOME": "/x"}, "linux", "/x/cython"),
        ({}, "linux", "/home/me/.cache/cython"),
        ({}, "darwin", "/home/me/Library/Caches/cython"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/cython"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths with a slash")
def test_the_cache_is_the_users(variables, platform, place, monkeypatch):
    for name in ("XDG_CACHE_HOME", "CYTHON_CACHE_DIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert compiling.cache().as_posix() == place


@pytest.mark.parametrize("name", list(filter(sources.is_compiled, sources.demos())))
def test_without_cython_a_demo_says_so_in_one_line(name, demo, tmp_path):
    (tmp_path / "Cython.py").write_text("raise ModuleNotFoundError('not here', name='Cython')")
    done = demo(name, "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert re.fullmatch(rf"{name}\.py: Cython cannot be imported .*: pip install cython\n", done.stderr)
