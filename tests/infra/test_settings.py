"""Settings of a deployment: everything that is wrong is said at once, by its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.settings_file import WrongSettings
from tests.infra.conftest import EXAMPLE, settings_of


def test_the_example_needs_no_more_than_ids_keys_and_endpoints() -> None:
    settings = settings_of(EXAMPLE)

    assert settings.providers == ("runpod", "sagemaker")
    assert not settings.is_local


def test_everything_wrong_is_named_at_once() -> None:
    context: dict[str, Any] = {
        **EXAMPLE,
        "aplication_id": "1",
        "runpod_slots": "many",
        "sagemaker_slots": 0,
        "providers": 7,
        "hedge_share": "half",
        "tiers": "[{",
    }
    del context["public_key"]

    with pytest.raises(WrongSettings) as error:
        settings_of(context)

    wrong = [*context.keys() - EXAMPLE.keys(), "public_key", "runpod_slots", "providers"]
    for key in wrong:
        assert f": {key}: " in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("application_id", "distillery"),
        ("public_key", "xyz"),
        ("public_key", "0" * 63),
        ("providers", "runpod,lambda"),
        ("providers", "runpod,runpod"),
        ("job_timeout_seconds", "900"),
        ("hedge_share", "0"),
        ("hedge_share", "1.5"),
        ("hedge_share", "nan"),
        ("promise_seconds", "0"),
        ("target", "azure"),
        ("python_version", "3.11"),
        ("gpu_budget_dollars", "-5"),
        ("gpu_budget_dollars", "nan"),
        ("gpu_budget_dollars", "inf"),
        ("gpu_budget_dollars", 10**400),
        ("runpod_dollars_per_hour", "nan"),
        ("sagemaker_dollars_per_hour", "-1"),
        ("hedge_share", True),
        ("alarm_email", "nobody"),
        ("alarm_email", "a@example.com, b@example.com"),
        ("bot_token_secret", "has space"),
        ("runpod_key_secret", "path/without/slash"),
        ("sagemaker_endpoint_name", "my_endpoint with space"),
        ("sagemaker_endpoint_name", "ends-"),
        ("runpod_endpoint_id", "abc/123"),
        ("sagemaker_url", "foo"),
        ("rekognition_url", "foo"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_key(key: str, value: Any) -> None:
    with pytest.raises(WrongSettings, match=f"{key}: "):
        settings_of({**EXAMPLE, key: value})


def test_a_provider_without_its_endpoint_is_refused_and_may_be_left_out() -> None:
    context = {k: v for k, v in EXAMPLE.items() if k != "sagemaker_endpoint_name"}

    with pytest.raises(WrongSettings, match="leave sagemaker out of providers"):
        settings_of(context)
    assert settings_of({**context, "providers": "runpod"}).providers == ("runpod",)


def test_what_is_empty_by_default_may_be_said_to_be_empty() -> None:
    settings = settings_of({**EXAMPLE, "alarm_email": "", "sagemaker_url": ""})
    assert (settings.alarm_email, settings.sagemaker_url) == ("", "")
    with pytest.raises(WrongSettings, match="runbook: must be a text that is not empty"):
        settings_of({**EXAMPLE, "runbook": ""})


def test_context_of_the_cdk_itself_is_not_taken_for_a_typing_error() -> None:
    of_the_cdk = {"@aws-cdk/core:x": True, "aws:cdk:y": 1, "cli-telemetry": 0}
    assert settings_of({**EXAMPLE, **of_the_cdk}) == settings_of(EXAMPLE)


@pytest.mark.parametrize("given", ['[{"name": "member"}]', [{"name": "member"}]])
def test_tiers_may_be_a_text_or_what_cdk_json_holds(given: object) -> None:
    settings = settings_of({**EXAMPLE, "tiers": given})
    assert json.loads(settings.tiers) == [{"name": "member"}]
