"""What is read from a worker's progress.json, old or new."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillery.core.worker_documents import BadDocument, parse_progress


def written(**more: Any) -> bytes:
    return json.dumps({"sequence": 1, "percent": 40, **more}).encode()


@pytest.mark.parametrize(
    ("more", "eta_s"),
    [({}, None), ({"eta_s": None}, None), ({"eta_s": 12.5}, 12.5), ({"eta_s": -3}, 0.0)],
)
def test_the_time_left_is_read_where_there_is_one(
    more: dict[str, Any], eta_s: float | None
) -> None:
    assert parse_progress(written(**more)).eta_s == eta_s


@pytest.mark.parametrize("eta_s", ["soon", [], float("inf")])
def test_a_time_left_that_is_no_time_is_refused(eta_s: Any) -> None:
    with pytest.raises(BadDocument):
        parse_progress(written(eta_s=eta_s))
