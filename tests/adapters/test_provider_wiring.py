"""What the wiring adds to the providers: one that is not set up harms no other."""

from __future__ import annotations

from dataclasses import replace

import botocore.session
import pytest
import urllib3

from distillery.core.errors import ConfigError, ProviderRefused
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


def test_an_endpoint_of_worker_comfyui_is_a_provider_of_its_own_beside_runpod(
    aws: botocore.session.Session,
) -> None:
    settings = replace(
        SETTINGS,
        providers=("runpod", "worker_comfyui"),
        worker_comfyui_endpoint_id="def",
        worker_comfyui_slots=5,
    )
    slots = provider_slots(settings, urllib3.PoolManager(), MemoryObjectStore())
    assert [(s.provider.name, s.limit) for s in slots] == [("runpod", 2), ("worker_comfyui", 5)]
    with pytest.raises(ConfigError, match="WORKER_COMFYUI_ENDPOINT_ID is not set"):
        replace(settings, worker_comfyui_endpoint_id="")


def test_without_the_secret_of_its_key_runpod_is_down_and_has_surely_not_taken_a_job(
    aws: botocore.session.Session,
) -> None:
    _, runpod = provider_slots(SETTINGS, urllib3.PoolManager(), MemoryObjectStore())
    assert runpod.provider.condition() is ProviderCondition.DOWN
    with pytest.raises(ProviderRefused, match="distillery/runpod-api-key"):
        runpod.provider.submit({"job_id": "1001", "attempt": 1, "limits": {"timeout_s": 600}})
