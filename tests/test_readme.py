"""README.md claims nothing that does not run."""

import json
import re
import shlex
import subprocess
import sys

import pytest
import sources
from conftest import ROOT, SLIDES

README = (ROOT / "README.md").read_text()
NOTEBOOKS = sorted(SLIDES.glob("*.ipynb"))
COMMANDS = re.findall(r"^python demos/.+$", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_demo_s_command_runs_as_it_stands(command, tmp_path):
    _, script, *options = shlex.split(command)
    done = subprocess.run(
        [sys.executable, ROOT / script, *options], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for file in re.findall(r"\w+\.(?:svg|json)", command):
        assert (tmp_path / file).stat().st_size > 0


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert {"present", "slides", "test", "doctor", "record"} <= named <= targets


def test_every_file_it_links_to_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_picture_has_alt_text():
    assert re.findall(r"!\[(.*?)\]", README)
    assert all(alt.strip() for alt in re.findall(r"!\[(.*?)\]", README))


def test_the_map_lists_every_part_by_its_title():
    rows = re.findall(r"^\| (\d\d) \| \[(.+)\]\(slides/(.+)\) \|$", README, re.MULTILINE)
    titles = [json.loads(notebook.read_text())["metadata"]["deck"]["title"] for notebook in NOTEBOOKS]
    assert rows == [(path.name[:2], title, path.name) for path, title in zip(NOTEBOOKS, titles, strict=True)]


def test_make_help_lists_every_demo():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    for demo in sources.demos():
        assert sources.run_line(demo) in done.stdout
