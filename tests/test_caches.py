"""caches: what it says of arrays, in other units than MB, too; memory_bandwidth has the same line still."""

import caches
import pytest

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("size", "unit", "words"),
    [
        (192, 1, "Each array has 192 MB, 4 times the last-level caches 400 MB: too small: try --size 400."),
        (400, 1, "Each array has 400 MB, 4 times the last-level caches 400 MB: enough."),
        (4.0, 8, "Each array has 32 MB, 4 times the last-level caches 400 MB: too small: try --size 50."),
        (50.0, 8, "Each array has 400 MB, 4 times the last-level caches 400 MB: enough."),
    ],
)
def test_the_size_that_it_names_is_enough(size, unit, words, monkeypatch):
    monkeypatch.setattr(caches, "last_level", lambda: 100_000_000)
    assert caches.verdict(size, unit) == words


def test_it_is_rounded_up(monkeypatch):
    monkeypatch.setattr(caches, "last_level", lambda: 101_000_000)
    assert caches.verdict(50.0, 8).endswith("404 MB: too small: try --size 51.")


def test_a_cache_that_cores_share_counts_once_and_lower_levels_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(caches, "Path", lambda _: tmp_path)
    for cpu, sharing in enumerate(["0-1", "0-1", "2", "3"]):
        for level, size in enumerate(["32K", "1024K", "8192K"], 1):
            folder = tmp_path / f"cpu{cpu}" / "cache" / f"index{level}"
            folder.mkdir(parents=True)
            (folder / "size").write_text(f"{size}\n")
            (folder / "shared_cpu_list").write_text(f"{sharing}\n")
    assert caches.last_level() == 3 * 8 * MB


def test_where_nothing_tells_of_caches_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(caches, "Path", lambda _: tmp_path)
    words = "Each array has 32 MB, 4 times the last-level caches ? MB: unknown."
    assert caches.verdict(4, 8) == words
