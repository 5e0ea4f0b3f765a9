"""What the wiring adds to the providers: one that is not set up harms no other."""

from __future__ import annotations

import botocore.session
import pytest
import urllib3

from distillery.core.errors import ProviderRefused
from distillery.core.ports import ProviderCondition
from distillery.wiring.providers import ProviderSettings, provider_slots, stop_attempt
from local.memory import MemoryObjectStore

SETTINGS = ProviderSettings(
    table_name="jobs",
    bucket_name="bucket",
    queue_url="https://queue",
    providers=("sagemaker", "runpod"),
    runpod_endpoint_id="abc",
    runpod_slots=2,
    sagemaker_endpoint_name="comfy",
)


def test_providers_are_made_in_the_operators_order_with_their_slots(
    aws: botocore.session.Session,
) -> None:
    objects = MemoryObjectStore()
    slots = provider_slots(SETTINGS, urllib3.PoolManager(), objects)
    assert [(s.provider.name, s.limit) for s in slots] == [("sagemaker", 3), ("runpod", 2)]
    assert set(stop_attempt(objects, slots).providers) == {"sagemaker", "runpod"}


def test_without_the_secret_of_its_key_runpod_is_down_and_has_surely_not_taken_a_job(
    aws: botocore.session.Session,
) -> None:
    _, runpod = provider_slots(SETTINGS, urllib3.PoolManager(), MemoryObjectStore())
    assert runpod.provider.condition() is ProviderCondition.DOWN
    with pytest.raises(ProviderRefused, match="distillery/runpod-api-key"):
        runpod.provider.submit({"job_id": "1001", "attempt": 1, "limits": {"timeout_s": 600}})
