"""docs/gpu-container.md says how many faults are tried: as many as there are."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import engine_under_test
from tests.worker import test_fault_engine, test_fault_kill
from tests.worker import test_fault_run as faults
from tests.worker import test_fault_waits as waits
from tests.worker.fault_table import HEAD, fault_table

DOCUMENT = Path(__file__).parents[2] / "docs" / "gpu-container.md"
TESTS: dict[str, Any] = {
    "the WebSocket cut": faults.test_a_socket_cut_at_any_frame_does_not_lose_the_job,
    "ComfyUI killed at each moment, and back": (
        faults.test_a_job_whose_engine_is_killed_ends_right_on_the_engine_that_comes_back
    ),
    "ComfyUI killed at each moment, again": (
        faults.test_a_job_that_kills_its_engine_twice_ends_with_a_reason
    ),
    "ComfyUI killed at each moment, and it": (
        faults.test_a_job_whose_engine_stays_dead_ends_with_a_reason
    ),
    "somebody else's ComfyUI gone": (
        faults.test_a_job_whose_engine_of_somebody_else_goes_away_ends_with_a_reason
    ),
    "an upload answered": faults.test_a_store_that_refuses_a_file_ends_no_job_without_a_reason,
    "an upload cut": faults.test_an_upload_that_breaks_ends_no_job_without_a_reason,
    "an answer of ComfyUI": waits.test_an_engine_whose_answer_drips_does_not_hold_the_job,
    "each frame of the": waits.test_a_frame_that_drips_does_not_hold_the_job,
    "the store drips": (
        waits.test_a_store_that_drips_when_it_is_asked_whether_a_run_is_wanted_stops_no_job
    ),
    "a node that heeds": waits.test_a_node_that_heeds_no_interrupt_ends_its_own_job_and_no_other,
    "a neighbour": (
        waits.test_a_job_that_waits_behind_a_neighbour_until_its_time_is_over_may_go_elsewhere
    ),
}


def times(test: Any) -> int:
    """Count the cases of a test."""
    marks = (mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize")
    return math.prod(len(list(mark.args[1])) for mark in marks)


def test_the_document_counts_the_faults_that_are_tried() -> None:
    _, _, rest = DOCUMENT.read_text().partition("| fault | times | the job ends |\n|---|---|---|\n")
    table, _, _ = rest.partition("\n\n")
    rows = re.findall(r"^\| (.*?) \| (\d+) \|", table, re.MULTILINE)

    found = {word: count for fault, count in rows for word in TESTS if fault.startswith(word)}

    assert len(rows) == len(table.splitlines()) == len(TESTS)
    assert found == {word: str(times(test)) for word, test in TESTS.items()}


def test_every_test_of_the_fault_run_is_in_the_table() -> None:
    there = {
        name
        for module in (faults, waits)
        for name in vars(module)
        if name.startswith("test_") and callable(vars(module)[name])
    }

    assert there == {test.__name__ for test in TESTS.values()}


@pytest.mark.skipif(not engine_under_test.IS_REAL, reason="the table is of a real ComfyUI")
def test_the_document_s_table_of_a_real_comfyui_is_how_its_jobs_ended(
    request: pytest.FixtureRequest, all_counts: Counter[tuple[str, str]]
) -> None:
    """The last test of `make test-comfyui`; the table that it wants is in its message."""
    modules = {item.getparent(pytest.Module).obj for item in request.session.items}
    if not engine_under_test.COMMAND or not {test_fault_engine, test_fault_kill} <= modules:
        pytest.skip("not all faults were tried: make test-comfyui, with COMFYUI_COMMAND set")
    document = DOCUMENT.read_text()
    before, _, rest = document.partition(HEAD)
    (version,) = re.findall(r"ComfyUI (\d+\.\d+\.\d+) on the CPU (?:\d+) passed", before)
    asked = requests.get(f"{engine_under_test.URL}/system_stats", timeout=10).json()
    if asked["system"]["comfyui_version"] != version:
        pytest.skip(f"the document's table is of ComfyUI {version}")

    assert HEAD + rest.partition("\n\n")[0] + "\n" == fault_table(all_counts)
