"""What an operator decides about a deployment, typed, documented and checked as a whole.

`distillery.toml` and the CDK's context say it: see `settings_file`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from infra.content_settings import ContentSettings
from infra.option import Count, Json, option

STAGES = ("dev", "prod")
_NONE = Count(0)
_ONE_TIER = Json('[{"name": "member"}]')
_USUAL = ("runpod", "sagemaker")
_AT_RUNPOD = ("runpod", "worker_comfyui")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ContentSettings):
    """One deployment."""

    application_id: str = option("Discord's id of the application, from the developer portal")
    public_key: str = option(
        "Discord's public key of the application, 64 hexadecimal digits, from the same page"
    )
    stage: str = option("`dev` or `prod`; only `-c stage=` chooses it", "prod")
    keep_data: bool = option(
        "whether the table and the bucket outlive the stack, with back-ups of the table; "
        "else `cdk destroy` deletes all of it",
        True,
    )
    providers: tuple[str, ...] = option("who may run jobs, in order of preference", _USUAL)
    runpod_endpoint_id: str = option(
        "the id of your Runpod serverless endpoint; needed when `providers` names runpod", ""
    )
    runpod_slots: int = option(
        "jobs Runpod may hold at once: its endpoint's max workers, or a little more", 3
    )
    sagemaker_endpoint_name: str = option(
        "the name of your SageMaker asynchronous endpoint; needed when `providers` names sagemaker",
        "",
    )
    sagemaker_slots: int = option("jobs SageMaker may hold at once", 3)
    worker_comfyui_endpoint_id: str = option(
        "the id of a Runpod endpoint that runs worker-comfyui; needed when `providers` names "
        "worker_comfyui",
        "",
    )
    worker_comfyui_slots: int = option("jobs it may hold at once", 3)
    job_timeout_seconds: int = option(
        "how long a worker may take for one job; less than 840, so that the answer reaches the "
        "member",
        600,
    )
    promise_seconds: int = option("how long a member is promised to wait for pictures", 120)
    hedge_share: float = option(
        "share of the promise that a job may wait at one provider before a warm one gets it; "
        "greater than 0, at most 1",
        0.5,
    )
    tiers: Json = option("what members may use at once; see [Tiers](#tiers)", _ONE_TIER)  # noqa: RUF009 - a text
    credit_guilds: str = option(
        "ids of the servers whose moderators may see and set members' credits, with commas between",
        "",
    )
    command_style: str = option(
        "what a workflow is to members: a choice of `/serve` (`serve`), a command of its own "
        "(`per_workflow`), or `both`",
        "serve",
    )
    bot_token_secret: str = option(
        "the SSM parameter, a SecureString, that holds the bot's token",
        "/distillery/discord-bot-token",
    )
    runpod_key_secret: str = option(
        "the SSM parameter, a SecureString, that holds Runpod's API key",
        "/distillery/runpod-api-key",
    )
    gradual: bool = option(
        "whether a deployment gives new code a tenth of the calls for a quarter of an hour, and "
        "takes it back when it fails; else it gets all at once: see "
        "[deployments](operations.md#deployments)",
        True,
    )
    reserve_concurrency: bool = option(
        "whether each room has runs of its own that no other function can use up, and no more than "
        "these; needs an account that allows 300 runs at a time",
        False,
    )
    tracing: bool = option(
        "whether X-Ray traces the rooms, all but the one that answers Discord; see "
        "[traces](operations.md#traces)",
        False,
    )
    waf: bool = option(
        "whether AWS WAF stands before the address that Discord calls, for $8 a month and $3.10 "
        "more for a million calls",
        False,
    )
    dashboard: bool = option(
        "whether to make the dashboard in CloudWatch; an account has three for nothing, a further "
        "one is $3 a month",
        True,
    )
    runpod_dollars_per_hour: float = option(
        "what Runpod takes for an hour of one worker; an A40 (docs.runpod.io, Pricing)", 1.224
    )
    sagemaker_dollars_per_hour: float = option(
        "what SageMaker takes for an hour of one instance; an ml.g5.xlarge (AWS price list)", 1.408
    )
    worker_comfyui_dollars_per_hour: float = option(
        "what Runpod takes for an hour of a worker of worker-comfyui", 1.224
    )
    gpu_budget_dollars: float = option(
        "what GPUs may take in a month, all providers together", 50.0
    )
    success_objective: float = option(
        "the share of requests that should be answered with pictures; see "
        "[alarms](operations.md#alarms)",
        0.99,
    )
    alarm_email: str = option("who is told of alarms by e-mail", "")
    alarm_channel: str = option(
        "the id of a channel in Discord in which the bot tells of alarms: see "
        "[alarms](operations.md#alarms)",
        "",
    )
    runbook: str = option(
        "where alarms say that their runbook is: a path, or its address in your own repository",
        "docs/operations.md",
    )
    target: str = option("`aws`, or `local` for the embedded AWS", "aws")
    discord_api_url: str = option("Discord's HTTP API", "https://discord.com/api/v10")
    attachment_origins: str = option(
        "where members' files may lie, with commas between",
        "https://cdn.discordapp.com,https://media.discordapp.net",
    )
    runpod_api_url: str = option("Runpod's HTTP API", "https://api.runpod.ai/v2")
    sagemaker_url: str = option("where SageMaker answers; empty: at AWS", "")
    build_image: bool = option(
        "whether to make the stack DistilleryImage, which builds the GPU image at AWS: see "
        "[the image](../gpu_container/image/README.md#build)",
        False,
    )
    make_endpoint: bool = option(
        "whether to make the stack DistilleryGpu, the SageMaker endpoint: see "
        "[deploying](deploy.md#sagemaker)",
        False,
    )
    gpu_image: str = option(
        "the image of the endpoint, as `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`: the "
        "`ImageUri` that `build_image` has built, or your own",
        "",
    )
    gpu_models: str = option(
        "where the endpoint's model files lie, as `s3://BUCKET/PREFIX/`: see [models](models.md)",
        "",
    )
    gpu_instance_type: str = option("what the endpoint's instances are", "ml.g5.xlarge")
    gpu_host_image: str = option(
        "what SageMaker starts those instances from (`InferenceAmiVersion`), and with it the "
        "driver: NVIDIA 550, where its own choice for ml.g5 has 470 and CUDA 11.4; `sagemaker`: "
        "its own",
        "al2-ami-sagemaker-inference-gpu-3-1",
    )
    gpu_min_instances: Count = option(  # noqa: RUF009 - a number
        "instances while nobody asks; each is paid by the hour", _NONE
    )
    gpu_max_instances: int = option("instances at most", 1)
    gpu_warm_up: bool = option(
        "whether a new instance runs each workflow once, shortened, before its first job: worth "
        "its time where instances wait for members, not where members wait for them",
        False,
    )
    gpu_idle_seconds: int = option(
        "how long an instance waits for work before it goes, in whole minutes", 600
    )
    python_version: str = option(
        "the Python of the bundles; AWS runs 3.13, so only `target=local` may differ", "3.13"
    )

    @property
    def stack_name(self) -> str:
        """What the service stack is called."""
        return stack_names(self.stage)[1]

    @property
    def is_local(self) -> bool:
        """Whether this deployment is for the embedded AWS."""
        return self.target == "local"

    @property
    def at_runpod(self) -> Sequence[str]:
        """The providers whose endpoint is at Runpod, which puts it to sleep when it is idle."""
        return [name for name in self.providers if name in _AT_RUNPOD]

    @property
    def deletes_data(self) -> bool:
        """Whether `cdk destroy` takes the table and the bucket with it."""
        return self.is_local or not self.keep_data


def stack_names(stage: str) -> tuple[str, str, str]:
    """What a stage's stacks are called, as they can be deleted: endpoint, service, image.

    A stage other than prod has stacks of its own.
    """
    service = "Distillery" if stage == "prod" else f"Distillery{stage.title()}"
    return f"{service}Gpu", service, f"{service}Image"


FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
