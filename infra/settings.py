"""What an operator decides about a deployment, typed, documented and checked as a whole.

`distillery.toml` and the CDK's context say it: see `settings_file`.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from infra.content_settings import ContentSettings
from infra.option import Count, Json, option

STAGES = ("dev", "prod")
_NONE = Count(0)
_ONE_TIER = Json('[{"name": "member"}]')
_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[^\s:@]+[:@]\S+")
_USUAL = ("runpod", "sagemaker")
_PROVIDERS = (*_USUAL, "worker_comfyui")
_TARGETS = ("aws", "local")
_COMMAND_STYLES = ("serve", "per_workflow", "both")


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
        "the image of the endpoint, as `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`; empty: the "
        "one that `build_image` builds",
        "",
    )
    gpu_models: str = option(
        "where the endpoint's model files lie, as `s3://BUCKET/PREFIX/`: see [models](models.md)",
        "",
    )
    gpu_instance_type: str = option("what the endpoint's instances are", "ml.g5.xlarge")
    gpu_min_instances: Count = option(  # noqa: RUF009 - a number
        "instances while nobody asks; each is paid by the hour", _NONE
    )
    gpu_max_instances: int = option("instances at most", 1)
    gpu_idle_seconds: int = option("how long an instance waits for work before it goes", 600)
    python_version: str = option(
        "the Python of the bundles; AWS runs 3.13, so only `target=local` may differ", "3.13"
    )

    @property
    def stack_name(self) -> str:
        """What the service stack is called; a stage other than prod has stacks of its own."""
        return "Distillery" if self.stage == "prod" else f"Distillery{self.stage.title()}"

    @property
    def is_local(self) -> bool:
        """Whether this deployment is for the embedded AWS."""
        return self.target == "local"

    @property
    def deletes_data(self) -> bool:
        """Whether `cdk destroy` takes the table and the bucket with it."""
        return self.is_local or not self.keep_data

    def contradictions(self) -> dict[str, str]:
        """Say which settings cannot work, each with what would."""
        checks = {
            "application_id": (
                self.application_id.isdigit(),
                "must be the digits that Discord's developer portal shows",
            ),
            "public_key": (
                re.fullmatch(r"[0-9a-f]{64}", self.public_key) is not None,
                "must be the 64 hexadecimal digits that Discord's developer portal shows",
            ),
            "stage": (self.stage in STAGES, f"must be {' or '.join(STAGES)}"),
            "providers": (
                0 < len(self.providers) == len(set(self.providers) & set(_PROVIDERS)),
                f"must be one or more of {', '.join(_PROVIDERS)}",
            ),
            "job_timeout_seconds": (
                self.job_timeout_seconds < 840,  # noqa: PLR2004 - 14 of the token's 15 minutes
                "must be less than 840, so that the answer reaches the member",
            ),
            "hedge_share": (0 < self.hedge_share <= 1, "must be greater than 0 and at most 1"),
            "success_objective": (
                0.5 < self.success_objective < 1,  # noqa: PLR2004 - else the alarms mean nothing
                "must be greater than 0.5 and less than 1",
            ),
            "command_style": (
                self.command_style in _COMMAND_STYLES,
                f"must be one of {', '.join(_COMMAND_STYLES)}",
            ),
            **self.content_checks(),
            "target": (self.target in _TARGETS, f"must be {' or '.join(_TARGETS)}"),
            "python_version": (
                self.python_version == "3.13" or self.is_local,
                "Lambda runs 3.13; only target=local may differ",
            ),
            "build_image": (
                not (self.build_image and self.is_local),
                "an embedded AWS builds none; leave it out where target is local",
            ),
            **self._endpoints(),
            **(self._gpu() if self.make_endpoint else {}),
        }
        return {name: words for name, (holds, words) in checks.items() if not holds}

    def _endpoints(self) -> dict[str, tuple[bool, str]]:
        return {
            name: (
                bool(getattr(self, name)) or provider not in self.providers,
                f"is missing; give it, or leave {provider} out of providers",
            )
            for name, provider in (
                ("runpod_endpoint_id", "runpod"),
                ("sagemaker_endpoint_name", "sagemaker"),
                ("worker_comfyui_endpoint_id", "worker_comfyui"),
            )
        }

    def _gpu(self) -> dict[str, tuple[bool, str]]:
        return {
            "make_endpoint": (
                "sagemaker" in self.providers and not self.is_local,
                "needs sagemaker in providers, and an AWS that has it",
            ),
            "gpu_image": (
                _IMAGE.fullmatch(self.gpu_image) is not None
                or (self.build_image and not self.gpu_image),
                "must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG; or leave it out and set "
                "build_image",
            ),
            "gpu_models": (
                re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/(\S+/)?", self.gpu_models) is not None,
                "must be s3://BUCKET/PREFIX/",
            ),
            "gpu_instance_type": (
                self.gpu_instance_type.startswith("ml."),
                "must be one of SageMaker's, such as ml.g5.xlarge",
            ),
            "gpu_max_instances": (
                self.gpu_max_instances >= self.gpu_min_instances,
                "must not be less than gpu_min_instances",
            ),
        }


FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
