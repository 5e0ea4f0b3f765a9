"""How a room that answers members is wired, and what it must be told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3

from distillery.aws import clients
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.aws.secrets import secret_reader
from distillery.aws.telemetry import EmfTelemetry
from distillery.core.circuits import Circuits
from distillery.core.deliver_result import DeliverResult
from distillery.core.recipes.recipe import Recipe
from distillery.core.show_progress import ShowProgress
from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import DiscordHttp
from distillery.discord.looks import Looks
from distillery.discord.rate_limits import RateLimits
from distillery.discord.replies import DiscordReplies
from distillery.discord.webhook import WebhookClient
from distillery.settings import setting, web_address
from distillery.wiring.picture_check import PictureCheckSettings, review_pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings(PictureCheckSettings):
    """What it takes to move jobs and to answer members."""

    table_name: str = setting("the DynamoDB table of jobs")
    bucket_name: str = setting("the S3 bucket of inputs, outputs and results")
    queue_url: str = setting("the SQS queue that wakes the dispatcher")
    discord_api_url: str = setting(
        "Discord's HTTP API", default="https://discord.com/api/v10", parse=web_address
    )
    bot_token_secret_name: str = setting(
        "the secret that holds the bot's token", default="/distillery/discord-bot-token"
    )


def deliver_result(
    settings: DeliverySettings,
    http: urllib3.PoolManager,
    telemetry: EmfTelemetry,
    recipes: Mapping[str, Recipe],
) -> DeliverResult:
    """Wire the use case that answers members; its parts are used by others too."""
    discord = DiscordHttp(http, settings.discord_api_url, RateLimits(time.time, telemetry))
    bot_token = secret_reader(clients.ssm(), settings.bot_token_secret_name)
    dynamodb = clients.dynamodb()
    records = DynamoProviderRecords(dynamodb, settings.table_name)
    return DeliverResult(
        store=DynamoJobStore(dynamodb, settings.table_name),
        queue=SqsJobQueue(clients.sqs(), settings.queue_url),
        objects=S3ObjectStore(clients.s3(), settings.bucket_name),
        replies=DiscordReplies(
            WebhookClient(discord),
            ChannelMessages(discord, bot_token),
            Looks(recipes),
            telemetry,
            time.time,
        ),
        circuits=Circuits(records, telemetry, time.time),
        telemetry=telemetry,
        clock=time.time,
        review=review_pictures(settings, settings.bucket_name, settings.table_name, telemetry),
    )


def show_progress(settings: DeliverySettings, deliver: DeliverResult) -> ShowProgress:
    """Wire the use case that shows how far a job has come, with the same parts."""
    return ShowProgress(
        store=deliver.store,
        objects=deliver.objects,
        replies=deliver.replies,
        deliver=deliver,
        circuits=deliver.circuits,
        telemetry=deliver.telemetry,
        clock=deliver.clock,
        shows_previews=settings.shows_previews,
    )
