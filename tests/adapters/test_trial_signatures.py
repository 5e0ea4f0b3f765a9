"""A short run of the trial, and a look at what it tries."""

from __future__ import annotations

import random
from typing import Any

import pytest
from nacl.signing import SigningKey

from local.chaos.trials import signatures
from local.chaos.trials.forgeries import Forger
from local.chaos.trials.interactions_room import event
from local.memory import FakeClock
from tests.lambdas.conftest import event as recorded


def test_no_forged_request_is_taken_and_every_right_one_is() -> None:
    broken = [f for f in signatures.run(4_000, seed=3, large=2) if not f.kept]
    assert broken == []


def test_the_trial_sends_every_kind_of_forgery() -> None:
    kinds = Forger(SigningKey(bytes(32)), FakeClock(), random.Random(1)).kinds()
    findings = {f.what: f.figure for f in signatures.run(2_000, large=1)}
    assert findings["kinds of forgery"] == str(len(kinds) + 1)  # the large ones


def test_the_same_seed_forges_the_same() -> None:
    first, second = (Forger(SigningKey(bytes(32)), FakeClock(), random.Random(1)) for _ in range(2))
    for name in first.kinds():
        assert first.kinds()[name]() == second.kinds()[name]()


def shape(document: Any) -> Any:
    """What remains when the values are left out."""
    if not isinstance(document, dict):
        return type(document)
    names = document.keys() - {"x-signature-ed25519", "x-signature-timestamp"}
    return {name: shape(document[name]) for name in names}


def test_its_events_look_like_those_of_api_gateway() -> None:
    assert shape(event("", None, None)) == shape(recorded("api_gateway"))


@pytest.mark.parametrize("seed", range(3))
def test_a_room_that_takes_everything_is_found_out(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("distillery.discord.signature.SignatureCheck.accepts", lambda *a, **k: True)
    broken = {f.what for f in signatures.run(500, seed, large=0) if not f.kept}
    assert {"accepted", "answered 401", "reads and writes because of one"} <= broken


def test_a_room_that_takes_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "distillery.discord.signature.SignatureCheck.accepts", lambda *a, **k: False
    )
    broken = {f.what for f in signatures.run(500, large=0) if not f.kept}
    assert "right requests refused" in broken
