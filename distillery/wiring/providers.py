"""How a room that speaks to the GPU providers is wired, and what it must be told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from distillery.aws import clients
from distillery.aws.secrets import secret_reader
from distillery.core.errors import ConfigError, ProviderRefused
from distillery.core.ports import ObjectStore
from distillery.core.routing import Slots
from distillery.core.stop_attempt import StopAttempt
from distillery.providers.runpod import RunpodProvider
from distillery.providers.sagemaker import SageMakerProvider
from distillery.providers.worker_comfyui import WorkerComfyuiProvider
from distillery.settings import names, setting, web_address, whole_number
from distillery.wiring.delivery import DeliverySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings(DeliverySettings):
    """What it takes to speak to the GPU providers as well."""

    providers: tuple[str, ...] = setting(
        "who may run jobs, in order of preference, with commas between: `runpod`, `sagemaker`, "
        "`worker_comfyui`",
        parse=names,
    )
    job_timeout_seconds: int = setting(
        "how long a worker may take for one job", default=600, parse=whole_number
    )
    runpod_api_url: str = setting(
        "Runpod's HTTP API", default="https://api.runpod.ai/v2", parse=web_address
    )
    runpod_endpoint_id: str = setting("the id of the Runpod endpoint", default="")
    runpod_secret_name: str = setting(
        "the secret that holds Runpod's API key", default="/distillery/runpod-api-key"
    )
    runpod_slots: int = setting("jobs Runpod may hold at once", default=3, parse=whole_number)
    worker_comfyui_endpoint_id: str = setting(
        "the id of a Runpod endpoint that runs worker-comfyui", default=""
    )
    worker_comfyui_slots: int = setting(
        "jobs the endpoint of worker-comfyui may hold at once", default=3, parse=whole_number
    )
    sagemaker_endpoint_name: str = setting("the name of the SageMaker endpoint", default="")
    sagemaker_slots: int = setting("jobs SageMaker may hold at once", default=3, parse=whole_number)

    def __post_init__(self) -> None:
        """Refuse a provider that is unknown, or chosen but not set up."""
        endpoints = {
            "runpod": ("RUNPOD_ENDPOINT_ID", self.runpod_endpoint_id),
            "sagemaker": ("SAGEMAKER_ENDPOINT_NAME", self.sagemaker_endpoint_name),
            "worker_comfyui": ("WORKER_COMFYUI_ENDPOINT_ID", self.worker_comfyui_endpoint_id),
        }
        problems = [
            f"PROVIDERS names {name!r}: it may name {' and '.join(endpoints)}"
            for name in self.providers
            if name not in endpoints
        ]
        problems += [
            f"{variable} is not set, but PROVIDERS names {name}"
            for name, (variable, value) in endpoints.items()
            if name in self.providers and not value
        ]
        if problems:
            raise ConfigError("; ".join(problems))


def provider_slots(
    settings: ProviderSettings, http: urllib3.PoolManager, objects: ObjectStore
) -> list[Slots]:
    """Make the providers that the operator chose, in the order of preference."""

    def runpod() -> Slots:
        provider = RunpodProvider(
            http,
            settings.runpod_api_url,
            settings.runpod_endpoint_id,
            _runpod_key(settings.runpod_secret_name),
        )
        return Slots(provider, settings.runpod_slots)

    def sagemaker() -> Slots:
        provider = SageMakerProvider(
            clients.sagemaker_runtime(),
            clients.sagemaker(),
            objects,
            bucket=settings.bucket_name,
            endpoint=settings.sagemaker_endpoint_name,
        )
        return Slots(provider, settings.sagemaker_slots)

    def worker_comfyui() -> Slots:
        provider = WorkerComfyuiProvider(
            http,
            settings.runpod_api_url,
            settings.worker_comfyui_endpoint_id,
            _runpod_key(settings.runpod_secret_name),
            objects=objects,
            clock=time.time,
        )
        return Slots(provider, settings.worker_comfyui_slots)

    make: Mapping[str, Callable[[], Slots]] = {
        "runpod": runpod,
        "sagemaker": sagemaker,
        "worker_comfyui": worker_comfyui,
    }
    return [make[name]() for name in settings.providers]


def _runpod_key(secret_name: str) -> Callable[[], str]:
    """Read the key when it is needed. Without it Runpod is of no use, but others may be."""
    read_secret = secret_reader(clients.ssm(), secret_name)

    def read() -> str:
        try:
            return read_secret()
        except (BotoCoreError, ClientError) as error:
            raise ProviderRefused(f"the secret {secret_name} cannot be read: {error}") from error

    return read


def stop_attempt(objects: ObjectStore, providers: Sequence[Slots]) -> StopAttempt:
    """Wire what calls off attempts at these providers."""
    return StopAttempt(objects, {slots.provider.name: slots.provider for slots in providers})
