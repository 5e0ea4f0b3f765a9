"""Are the trials of the interactions room worth their time? Each must see a room that is broken."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable, Sequence
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from nacl.signing import SigningKey

from distillery.core.job import Job
from local.chaos.finding import Finding
from local.chaos.trials import replay, signatures
from local.chaos.trials.forgeries import Forger
from local.memory import FakeClock
from local.memory_store import MemoryJobStore
from tests.until import SOON_S

PROMISED = {
    *("body_bit", "body_bit_as_text", "signature_bit", "timestamp_bit"),
    *("header_missing", "header_without_value", "no_headers", "doubled_header"),
    *("not_hex", "wrong_length", "too_old", "from_the_future", "signature_of_another_key"),
    *("encoding_not_said", "encoding_said_wrongly", "broken_base64", "not_utf8", "no_body"),
}
SIGNATURE_CHECK = "distillery.discord.signature"
HANDLER = "lambdas.interactions.handler"


def broken(findings: Sequence[Finding]) -> set[str]:
    return {finding.what for finding in findings if not finding.kept}


def forged(requests: int = 600) -> set[str]:
    """What a short trial of forged requests finds wrong."""
    return broken(signatures.run(requests, large=1))


def raising(*_: object) -> Any:
    raise RuntimeError("a defect")


def test_none_of_the_promised_forgeries_is_forgotten() -> None:
    kinds = Forger(SigningKey(bytes(32)), FakeClock(), random.Random(1)).kinds()
    assert kinds.keys() >= PROMISED


def test_the_rooms_of_both_trials_keep_what_is_required() -> None:
    assert (forged(), broken(replay.run(32))) == (set(), set())


def test_a_kind_that_is_never_sent_is_found_out() -> None:
    assert "kinds of forgery" in broken(signatures.run(10, large=0))


def test_a_room_that_raises_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{HANDLER}._raw_body", raising)
    assert {"exceptions", "answered 401", "right requests refused"} <= forged()
    assert {"exceptions", "jobs"} <= broken(replay.run(32))


def test_a_room_that_answers_5xx_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{HANDLER}._http", lambda status, _: {"statusCode": 503, "body": "{}"})
    assert {"answered 5xx", "answered 401", "right requests refused"} <= forged()


def test_a_room_that_forgets_the_time_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SIGNATURE_CHECK}._is_fresh", lambda timestamp, now: True)
    assert {"accepted", "reads and writes because of one", "too_old", "from_the_future"} <= {
        finding.figure if finding.what == "not refused" else finding.what
        for finding in signatures.run(600, large=1)
        if not finding.kept or finding.what == "not refused"
    }
    assert {"deferred", "refused as too old"} <= broken(replay.run(32))


def test_a_room_that_overlooks_what_is_not_base64_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decode: Callable[[str], bytes] = binascii.a2b_base64
    monkeypatch.setattr(base64, "b64decode", lambda text, validate: decode(text))
    assert "accepted" in forged()


def test_a_store_that_looks_before_it_writes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the deliveries are in the room at the same moment: both find no job."""
    create = MemoryJobStore.create
    together, first_two = Barrier(2), iter(range(2))

    def look_then_write(store: MemoryJobStore, job: Job) -> None:
        if store.load(job.job_id) is None and next(first_two, None) is not None:
            try:
                together.wait(SOON_S)
            except BrokenBarrierError:
                pytest.fail("the deliveries came one after another")
            store.table.jobs.pop(job.job_id, None)
        create(store, job)

    monkeypatch.setattr(MemoryJobStore, "create", look_then_write)
    assert "charges" in broken(replay.run(32))
