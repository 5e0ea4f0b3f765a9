"""Any shape becomes the nearest size that a model can paint."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.recipes.sizes import nearest_size, pixels

SIZES = ["1024x1024", "1216x832", "832x1216", "1344x768", "768x1344"]


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ("1:1", "1024x1024"),
        ("27:18", "1216x832"),
        ("2:3", "832x1216"),
        ("16:9", "1344x768"),
        ("100:1", "1344x768"),
        ("1:99999", "768x1344"),
        ("1216x832", "1216x832"),
        ("640x480", "1216x832"),
    ],
)
def test_a_shape_snaps_to_the_nearest_size(wanted: str, size: str) -> None:
    assert nearest_size(wanted, SIZES) == size


@pytest.mark.parametrize("wanted", ["", "0:1", "1:0", "square", "3:2:1", "-3:2", "1e9:1"])
def test_what_is_no_shape_has_no_nearest(wanted: str) -> None:
    assert nearest_size(wanted, SIZES) is None


@given(st.integers(1, 99999), st.integers(1, 99999))
def test_no_other_size_is_nearer(width: int, height: int) -> None:
    def distance(size: str) -> float:
        wide, high = pixels(size)
        return abs(math.log(wide / high) - math.log(width / height))

    found = nearest_size(f"{width}:{height}", SIZES)

    assert found is not None
    assert distance(found) == min(map(distance, SIZES))
