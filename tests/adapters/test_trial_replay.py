"""The trial as `make chaos` runs it: it takes no longer than a test."""

from __future__ import annotations

import pytest

from local.chaos.trials import replay
from local.memory_store import MemoryJobStore


def test_a_request_delivered_a_hundred_times_is_one_job_one_charge_and_one_answer() -> None:
    findings = replay.run(100)
    assert [f for f in findings if not f.kept] == []
    [stages] = [f.figure for f in findings if not f.required]
    assert stages == "dispatched, new, succeeded"


def test_a_store_that_creates_a_job_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    create = MemoryJobStore.create

    def forgetful(self: MemoryJobStore, job: object) -> None:
        self.table.jobs.pop("1001", None)
        create(self, job)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryJobStore, "create", forgetful)
    broken = {f.what for f in replay.run(20) if not f.kept}
    assert "charges" in broken
