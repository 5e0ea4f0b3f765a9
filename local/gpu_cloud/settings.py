"""What the stand-in GPU cloud must be told before it can start: names, keys, commands, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunpodSettings:
    """One serverless endpoint of Runpod."""

    endpoint_id: str
    api_key: str
    worker_command: Sequence[str]
    """The command line of a worker built on the `runpod` SDK."""
    max_workers: int = 1
    idle_timeout_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SageMakerSettings:
    """One asynchronous endpoint of SageMaker, and the S3 bucket its inputs and outputs live in."""

    endpoint_name: str
    worker_command: Sequence[str]
    """The command line of a container that answers `/ping` and `/invocations`."""
    bucket: str
    s3_endpoint_url: str
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"
    max_workers: int = 1
    idle_timeout_s: float = 60.0
    output_prefix: str = "sagemaker/output/"
    failure_prefix: str = "sagemaker/failures/"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuCloudSettings:
    """Both providers, and what their workers share. All times are in seconds."""

    runpod: RunpodSettings
    sagemaker: SageMakerSettings
    log_folder: Path
    """Each worker writes to `<log_folder>/<worker>.log`; the folder is made when missing."""
    worker_folder: Path | None = None
    """The working folder of every worker; None: this process's own."""
    comfyui_url: str | None = None
    """An engine that runs already. One of this and `comfyui_command` goes to every worker."""
    comfyui_command: str | None = None
    """A command line that starts an engine; the worker fills `{port}` and `{dir}` in."""
    store_origins: Sequence[str] = ()
    """Where workers may reach: the origins of pre-signed URLs. Empty: https in public only."""
    cold_start_s: float = 0.0
    """Extra seconds before a worker's process starts, as pulling an image would take."""
    stop_grace_s: float = 5.0
    """How long a worker may take to end after SIGTERM, before SIGKILL."""
