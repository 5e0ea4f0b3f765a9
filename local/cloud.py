"""The local cloud: Discord, AWS with the service deployed in it, and the GPUs, joined up."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from local import aws
from local.dashboards.view import DashboardView
from local.discord.app import listen
from local.discord.openapi import document_at_hand
from local.discord.settings import DiscordSettings
from local.gpu_cloud.app import create_app
from local.gpu_cloud.settings import GpuCloudSettings, RunpodSettings, SageMakerSettings
from local.identity import APPLICATION_ID, CHANNEL_ID, GUILD_ID, Identity
from local.job_list import JobList
from local.processes import CommandFailed

_RUNPOD_ENDPOINT = "local-runpod"
_SAGEMAKER_ENDPOINT = "local-sagemaker"
_PICTURES = '{"unjudged": "show", "previews": "show"}'  # the judge finds nothing until told to
_ENGINE = f"{sys.executable} -m local.engine --port {{port}} --base-dir {{dir}}"
_SLOTS = "2"  # jobs for each provider at once: one runs, one is on its way

_PASTES = 3  # on a busy machine a Lambda's first start takes longer than the 3 s it is given

Say = Callable[[str], None]
"""Told one line of progress."""


@dataclass(frozen=True, slots=True)
class State:
    """What `.local/state.json` says of a local cloud that is ready."""

    interactions_url: str
    discord_url: str
    web_url: str
    application_id: str
    public_key: str
    signing_key: str
    channel_id: str
    guild_id: str
    aws_endpoint_url: str
    region: str
    table: str
    bucket: str
    queue_url: str
    control_url: str


class LocalCloud:
    """One local cloud: who it is, and the folder that holds all it writes.

    `rooms_aws_url` is for whoever puts something between the Lambdas and the embedded AWS.
    """

    def __init__(
        self, folder: Path, identity: Identity, say: Say, *, rooms_aws_url: str | None = None
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._say = say
        self._rooms_aws_url = rooms_aws_url
        self._aws: aws.EmbeddedAws | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[State]:
        """Run everything for as long as the block lasts; raises CommandFailed."""
        who = self._identity
        async with AsyncExitStack() as stack:
            discord = await stack.enter_async_context(
                listen(self._discord_settings(), who.page_port)
            )
            self._say(f"Discord is up: {who.discord_url}/")
            embedded, deployed = await self._deploy(stack)
            self._aws = embedded
            discord.dashboards = DashboardView(embedded.client).read
            jobs = JobList(embedded, deployed.table)
            gpus = create_app(self._gpu_settings(embedded, deployed.bucket), jobs.read)
            await stack.enter_async_context(_listening(gpus, who.gpu_port))
            self._say(f"Runpod and SageMaker are up: {who.gpu_url}")
            await self._paste(deployed.interactions_url)
            self._say("Discord has accepted the interactions URL")
            yield self._state(embedded, deployed)

    async def _deploy(self, stack: AsyncExitStack) -> tuple[aws.EmbeddedAws, aws.Deployed]:
        embedded, assembly = await self._prepare(stack)
        deployed = await embedded.deploy(assembly)
        self._say("cdk deploy: done")
        return embedded, deployed

    async def _prepare(self, stack: AsyncExitStack) -> tuple[aws.EmbeddedAws, Path]:
        try:
            return await self._bootstrap_and_synthesize(stack)
        except ExceptionGroup as failures:
            if failed := failures.subgroup(CommandFailed):
                raise failed.exceptions[0] from None
            raise

    async def _bootstrap_and_synthesize(
        self, stack: AsyncExitStack
    ) -> tuple[aws.EmbeddedAws, Path]:
        who = self._identity
        async with asyncio.TaskGroup() as tasks:
            assembly = tasks.create_task(aws.synthesize(self._folder, self._context()))
            embedded = await stack.enter_async_context(
                aws.running_aws(self._folder, who.aws_port, self._rooms_aws_url)
            )
            self._say(f"AWS is up: {embedded.endpoint_url}")
            keys = {
                "/distillery/discord-bot-token": who.bot_token,
                "/distillery/runpod-api-key": who.runpod_key,
            }
            tasks.create_task(asyncio.to_thread(embedded.create_secrets, keys))
            await embedded.bootstrap()
            self._say("cdk bootstrap: done")
        self._say("cdk synth: done")
        return embedded, assembly.result()

    @property
    def embedded_aws(self) -> aws.EmbeddedAws:
        """The embedded AWS, once the cloud runs."""
        assert self._aws is not None  # noqa: S101 - tells the type checker
        return self._aws

    async def synthesize(self, repository: Path) -> Path:
        """Synthesize another copy of the repository for this cloud; raises CommandFailed."""
        return await aws.synthesize(self._folder / "next", self._context(), repository)

    async def broken(self) -> None:
        """Wait until the cloud cannot go on; raises CommandFailed."""
        if self._aws is not None:
            await self._aws.process.wait()
            raise CommandFailed(f"MiniStack has ended; see {self._folder / 'log'}")

    def _context(self) -> Mapping[str, str]:
        """What an operator would give to `cdk deploy`, for this machine."""
        who = self._identity
        return {
            "settings_file": os.devnull,  # the repository's is for the operator's own deployments
            "target": "local",
            "application_id": APPLICATION_ID,
            "public_key": who.public_key,
            "providers": "runpod,sagemaker",
            "runpod_endpoint_id": _RUNPOD_ENDPOINT,
            "runpod_slots": _SLOTS,
            "runpod_api_url": f"{who.gpu_url}/v2",
            "sagemaker_endpoint_name": _SAGEMAKER_ENDPOINT,
            "sagemaker_slots": _SLOTS,
            "sagemaker_url": who.gpu_url,
            "picture_check": "rekognition",
            "picture_actions": _PICTURES,
            "rekognition_url": f"{who.gpu_url}/rekognition",
            "discord_api_url": f"{who.discord_url}/api/v10",
            "attachment_origins": who.discord_url,
            "credit_guilds": GUILD_ID,
            "python_version": aws.python_version(),
        }

    def _discord_settings(self) -> DiscordSettings:
        return DiscordSettings(
            application_id=APPLICATION_ID,
            guild_id=GUILD_ID,
            channel_id=CHANNEL_ID,
            signing_key=self._identity.seed,
            bot_token=self._identity.bot_token,
            openapi_path=document_at_hand(),
            cloud_url=f"{self._identity.gpu_url}/control",
        )

    def _gpu_settings(self, embedded: aws.EmbeddedAws, bucket: str) -> GpuCloudSettings:
        scratch = self._folder / "workers"
        scratch.mkdir(exist_ok=True)
        engine = os.environ.get("COMFYUI_URL")
        return GpuCloudSettings(
            runpod=RunpodSettings(
                endpoint_id=_RUNPOD_ENDPOINT,
                api_key=self._identity.runpod_key,
                worker_command=_worker("serve_runpod"),
            ),
            sagemaker=SageMakerSettings(
                endpoint_name=_SAGEMAKER_ENDPOINT,
                worker_command=_worker("serve_sagemaker"),
                bucket=bucket,
                s3_endpoint_url=embedded.endpoint_url,
                access_key_id=aws.ACCESS_KEY,
                secret_access_key=aws.SECRET_KEY,
                region=aws.REGION,
            ),
            store_origins=[embedded.endpoint_url, *filter(None, [self._rooms_aws_url])],
            log_folder=self._folder / "log",
            worker_folder=scratch,
            comfyui_url=engine,
            comfyui_command=None if engine else _ENGINE,
        )

    async def _paste(self, interactions_url: str) -> None:
        """Do what an operator does in Discord's developer portal: paste, and paste again."""
        url = f"{self._identity.discord_url}/control/interactions_url"
        async with aiohttp.ClientSession() as http:
            for left in reversed(range(_PASTES)):
                async with http.post(url, json={"url": interactions_url}) as answer:
                    if answer.ok:
                        return
                    if not left:
                        text = await answer.text()
                        raise CommandFailed(f"Discord refused {interactions_url}: {text}")

    def _state(self, embedded: aws.EmbeddedAws, deployed: aws.Deployed) -> State:
        who = self._identity
        return State(
            interactions_url=deployed.interactions_url,
            discord_url=who.discord_url,
            web_url=f"{who.discord_url}/",
            application_id=APPLICATION_ID,
            public_key=who.public_key,
            signing_key=who.seed,
            channel_id=CHANNEL_ID,
            guild_id=GUILD_ID,
            aws_endpoint_url=embedded.endpoint_url,
            region=aws.REGION,
            table=deployed.table,
            bucket=deployed.bucket,
            queue_url=deployed.queue_url,
            control_url=f"{who.gpu_url}/control",
        )


def _worker(door: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"gpu_container.worker.{door}")


@asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await asyncio.shield(runner.cleanup())
