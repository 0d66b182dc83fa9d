"""numba_picture: physics by another integrator, every pixel drawn once, a PNG read back byte by byte."""

import base64
import itertools
import json
import math
import re
import struct
import zlib

import image
import numba_picture
import numpy as np
import pendulum
import pytest
from pendulum import EDGE, GRAVITY, HEIGHT, MAGNETS, MOST, SHADES, swing

LONG = ["--width", "3000"]
PROCESSES = []


# --- the pendulum ----------------------------------------------------------------------------------------


def test_a_magnet_keeps_at_once_what_is_let_go_beside_it():
    for magnet, (x, y) in enumerate(MAGNETS):
        assert swing(1.02 * x, 0.98 * y) == SHADES * magnet


def test_the_mirror_swaps_the_two_lower_magnets():
    for x, y in itertools.product([0.4, 1.1, 2.0], [-1.1, 0.2, 0.9]):
        keeper, late = divmod(swing(x, y), SHADES)
        assert divmod(swing(-x, y), SHADES) == ([0, 2, 1][keeper], late)


def potential(x, y):
    heights = sum(1 / math.sqrt((x - a) ** 2 + (y - b) ** 2 + HEIGHT**2) for a, b in MAGNETS)
    return GRAVITY / 2 * (x * x + y * y) - heights


def test_with_so_little_energy_nothing_crosses_to_another_magnet():
    """Where two magnets are equally near, and no other is nearer, the ground is higher."""
    rays = [(-x * r / 100, -y * r / 100) for x, y in MAGNETS for r in range(500)]
    lowest = min(potential(x, y) for x, y in rays)
    assert lowest > pendulum.CAUGHT
    assert lowest == pytest.approx(-2.95, abs=0.005)
    assert all(potential(x, y) < pendulum.CAUGHT for x, y in MAGNETS)


def accurately(x, y, seconds=25, step=0.005):
    """The magnet that is nearest in the end, by Runge and Kutta, for arrays of places."""
    corners = np.array(MAGNETS)

    def change(state):
        x, y, vx, vy = state
        dx, dy = corners[:, :1] - x, corners[:, 1:] - y
        cubes = (dx**2 + dy**2 + HEIGHT**2) ** 1.5
        ax = (dx / cubes).sum(0) - GRAVITY * x - pendulum.FRICTION * vx
        ay = (dy / cubes).sum(0) - GRAVITY * y - pendulum.FRICTION * vy
        return np.array([vx, vy, ax, ay])

    state = np.array([x, y, 0 * x, 0 * y])
    for _ in range(round(seconds / step)):
        a = change(state)
        b = change(state + step / 2 * a)
        c = change(state + step / 2 * b)
        d = change(state + step * c)
        state = state + step / 6 * (a + 2 * b + 2 * c + d)
    return np.hypot(corners[:, :1] - state[0], corners[:, 1:] - state[1]).argmin(0)


def test_another_integrator_finds_the_same_magnets():
    """Small steps and large ones must differ where a hair decides: not in more than a few places."""
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(-3, 3, 9), np.linspace(-1.2, 1.3, 6)))
    found = [swing(a, b) // SHADES for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert np.mean(accurately(x, y) == found) > 0.8
    assert set(found) == {0, 1, 2}


def test_a_sketch_shows_who_keeps_most():
    rows = [[0, 1, SHADES, SHADES + 3, 2 * SHADES, 5], [2, SHADES, SHADES, 4, 254, 254]]
    assert pendulum.sketch(np.array(rows, np.uint8), 3) == " ▒█"


# --- the loops -------------------------------------------------------------------------------------------


def test_draw_asks_for_every_pixel_of_its_rows_once(monkeypatch):
    asked = []
    monkeypatch.setattr(numba_picture, "swing", lambda x, y: asked.append((x, y)) or len(asked))
    pixels = np.zeros((3, 8), np.uint8)
    numba_picture.draw(pixels, [0, 2])
    places = [(EDGE * (c - 3.5) / 4, EDGE * (1 - r) / 4) for c in range(8) for r in (0, 2)]  # y is upward
    assert np.allclose(asked, places)
    assert sorted(pixels.ravel()) == [0] * 8 + list(range(1, 17))
    assert not pixels[1].any()


@pytest.fixture(scope="module")
def measured():
    return list(numba_picture.rates(960))


def test_each_way_draws_the_pixels_that_python_draws(measured):
    size = 960 // 40
    by_python, _ = numba_picture.drawn(numba_picture.draw, size)
    expected = [
        [
            swing(EDGE * (2 * c + 1 - size) / size, EDGE * (size * 3 // 8 - 1 - 2 * r) / size)
            for c in range(size)
        ]
        for r in range(size * 3 // 8)
    ]
    assert by_python.tolist() == expected
    for draw in (numba_picture.compiled, numba_picture.parallel):
        assert np.array_equal(numba_picture.drawn(draw, size)[0], by_python)
    one, all_ = (
        numba_picture.drawn(draw, 192)[0] for draw in (numba_picture.compiled, numba_picture.parallel)
    )
    assert np.array_equal(one, all_)


def test_the_rows_are_rates_of_the_pixels_drawn(measured):
    assert [(name, more["pixels"]) for name, _, _, _, more, _ in measured] == [
        ("Python", f"{24 * 9:,}"),
        ("@njit", f"{240 * 90:,}"),
        ("@njit(parallel=True)", f"{240 * 90:,}"),
    ]
    for _, rates, measure, unit, _, warm_up in measured:
        assert (measure, unit, len(rates)) == ("rate", "px/ms", 3)
        assert all(rate > 0 for rate in rates)
        assert warm_up > 0


def test_a_rate_is_pixels_by_time(monkeypatch):
    monkeypatch.setattr(numba_picture, "WAYS", [("Python", numba_picture.draw, 4)])
    monkeypatch.setattr(numba_picture, "drawn", lambda draw, width: (np.zeros((3, width)), 0.002))
    ((_, rates, _, _, more, _),) = numba_picture.rates(96)
    assert rates == [pytest.approx(3 * 24 / 2)] * 3
    assert more == {"pixels": "72"}


def test_a_way_that_draws_another_picture_is_not_measured(monkeypatch):
    def wrong(pixels, rows):
        pixels[rows] = 7

    monkeypatch.setattr(numba_picture, "WAYS", [("Python", numba_picture.draw, 40), ("wrong", wrong, 4)])
    rows = numba_picture.rates(256)
    assert next(rows)[0] == "Python"
    with pytest.raises(numba_picture.CannotRun, match="wrong draws another picture than Python"):
        next(rows)


def test_the_fine_picture_comes_in_bands_and_is_the_attachment(monkeypatch, capsys):
    bands = []

    def draw(pixels, rows):
        bands.append(list(rows))
        pixels[rows] = np.arange(pixels.shape[1]) % 255

    monkeypatch.setattr(numba_picture, "parallel", draw)
    ((name, words, svg),) = numba_picture.fine(160)
    assert [row for band in bands for row in band] == list(range(60))
    assert len(bands) == numba_picture.BANDS
    lines = capsys.readouterr().out.splitlines()
    assert [len(line) for line in lines] == [80] * len(bands)
    assert name == "picture"
    assert words.startswith("9,600 pixels in ")
    assert pixels_of(svg) == [[x % 255 for x in range(160)]] * 60


# --- the picture -----------------------------------------------------------------------------------------


def chunks_of(svg):
    data = base64.b64decode(re.search(r'href="data:image/png;base64,([^"]+)"', svg)[1], validate=True)
    assert data[:8] == bytes([137, 80, 78, 71, 13, 10, 26, 10])
    place, found = 8, {}
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(kind + body),)
        found[kind.decode()] = body
        place += length + 12
    assert list(found) == ["IHDR", "PLTE", "IDAT", "IEND"]
    return found


def pixels_of(svg):
    found = chunks_of(svg)
    width, height, *kind = struct.unpack(">IIBBBBB", found["IHDR"])
    assert kind == [8, 3, 0, 0, 0]
    lines = zlib.decompress(found["IDAT"])
    rows = [lines[y * (width + 1) : (y + 1) * (width + 1)] for y in range(height)]
    assert all(row[0] == 0 for row in rows)
    return [list(row[1:]) for row in rows]


def test_a_picture_is_its_pixels_in_the_width_of_a_slide():
    rows = [[0, 1, 2, 1], [2, 1, 0, 0]]
    _, words, svg = image.picture("p", "a < b", rows, bytes(range(9)))
    assert words == "a < b"
    assert pixels_of(svg) == rows
    assert chunks_of(svg)["PLTE"] == bytes(range(9))
    assert svg.startswith("<svg ")
    assert 'viewBox="0 0 1200 600"' in svg
    assert 'role="img" aria-label="a &lt; b"' in svg


def test_a_ramp_goes_through_its_colours():
    assert image.ramp("000000 0a1464", 3) == bytes([0, 0, 0, 5, 10, 50, 10, 20, 100])
    assert image.ramp("ff0000 00ff00 0000ff", 5)[::3] == bytes([255, 128, 0, 0, 0])
    assert image.ramp("102030 405060", 2) == bytes.fromhex("102030405060")


def test_the_palette_has_a_colour_for_every_answer():
    assert len(pendulum.PALETTE) == 3 * 3 * SHADES <= 3 * 256
    light = [sum(pendulum.PALETTE[3 * i : 3 * i + 3]) for i in range(3 * SHADES)]
    for magnet in range(3):
        shades = light[magnet * SHADES : (magnet + 1) * SHADES]
        assert shades == sorted(shades, reverse=True)


# --- as a whole ------------------------------------------------------------------------------------------


def test_its_record_holds_rates_and_the_picture(measured, tmp_path):
    assert numba_picture.main(["--width", "160", "--json", str(tmp_path / "r.json")]) == 0
    record = json.loads((tmp_path / "r.json").read_text())
    assert [run["variant"] for run in record["runs"]] == ["Python", "@njit", "@njit(parallel=True)"]
    (picture,) = record["attachments"]
    pixels = np.array(pixels_of(picture["svg"]))
    assert pixels.shape == (60, 160)
    for row, column in [(0, 0), (17, 3), (30, 90), (59, 159)]:
        x, y = EDGE * (2 * column - 159) / 160, EDGE * (59 - 2 * row) / 160
        assert pixels[row, column] == swing(x, y)
    assert (pixels % SHADES).max() < (SHADES - 1) * (MOST - 1) // MOST  # all were kept in time


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_picture", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_picture.py: numba is missing: pip install numba\n"
