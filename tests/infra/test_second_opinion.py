"""Who gives a second opinion may be called by the rooms that ask, and only where it is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings_file import WrongSettings
from tests.infra.conftest import EXAMPLE, settings_of, synthesized
from tests.infra.templates import granted
from tests.infra.test_grants import GRANTS


@pytest.mark.parametrize(
    ("settings", "action"),
    [
        ({"text_check": "comprehend"}, "comprehend:DetectToxicContent"),
        ({"text_check": "bedrock", "guardrail_id": "g1"}, "bedrock:ApplyGuardrail"),
    ],
)
def test_only_the_check_that_is_chosen_may_be_called(
    tmp_path: Path, settings: dict[str, str], action: str
) -> None:
    """The synthesis runs cdk-nag: every star in a grant has its reason."""
    template = synthesized(tmp_path, **settings)
    (new,) = granted(template, "DispatcherRole") - GRANTS["Dispatcher"]
    assert new.startswith(action)


def test_every_room_that_takes_results_may_have_pictures_judged_and_no_other(
    tmp_path: Path,
) -> None:
    template = synthesized(
        tmp_path, picture_check="rekognition", rekognition_url="https://example.org"
    )
    for room in ("Followup", "Watchdog", "DeadLetters"):
        new = granted(template, f"{room}Role") - GRANTS[room]
        assert new == {"rekognition:DetectModerationLabels on *", "dynamodb:BatchGetItem on Table"}
    for room in ("Interactions", "Dispatcher"):
        assert granted(template, f"{room}Role") == GRANTS[room]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"text_check": "somebody"}, "off, comprehend or bedrock"),
        ({"check_score": 0}, "at most 1"),
        ({"picture_check": "somebody"}, "off or rekognition"),
        ({"text_check_failure": "maybe"}, "closed or open"),
    ],
)
def test_a_check_that_cannot_work_is_named(settings: dict[str, object], words: str) -> None:
    with pytest.raises(WrongSettings, match=words):
        settings_of({**EXAMPLE, **settings})


def test_a_guardrail_that_is_to_be_asked_must_be_named() -> None:
    given = {name: value for name, value in EXAMPLE.items() if name != "guardrail_id"}
    with pytest.raises(WrongSettings, match="guardrail_id: is missing"):
        settings_of({**given, "text_check": "bedrock"})
