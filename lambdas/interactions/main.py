"""Wires the interactions room, once per cold start."""

from __future__ import annotations

import gc

# What is imported below lives as long as the process: to look through it for garbage again and
# again while it grows costs a cold start some 6 % (`make bench`).
gc.disable()

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.favourites import DynamoFavourites
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.moderation import DynamoModeration
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.telemetry import EmfTelemetry, start_logging
from distillery.core.accept_job import AcceptJob
from distillery.core.moderation.administer import Administer
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.penalties import parse_penalties
from distillery.core.moderation.set_credits import SetCredits
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook
from distillery.discord.admin import ADMIN
from distillery.discord.picture_ends import PictureEnds
from distillery.discord.signature import SignatureCheck
from distillery.recipe_files import load_recipes
from distillery.rule_files import load_rules
from distillery.settings import read_settings
from lambdas.interactions.admin import AdminCommands
from lambdas.interactions.handler import build_handler
from lambdas.interactions.replies import build_replies
from lambdas.interactions.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("interactions")
telemetry = EmfTelemetry("interactions")
dynamodb = clients.dynamodb()
store = DynamoJobStore(dynamodb, settings.table_name)
moderation = DynamoModeration(dynamodb, settings.table_name)
favourites = DynamoFavourites(dynamodb, settings.table_name)
queue = SqsJobQueue(clients.sqs(), settings.queue_url)


@cache
def objects() -> S3ObjectStore:
    """Only links to pictures need it, and its client makes a cold start some 10 % longer."""
    return S3ObjectStore(clients.s3(), settings.bucket_name)


@cache
def picture_ends() -> PictureEnds:
    """Only `/info` and its like look into files."""
    return PictureEnds(urllib3.PoolManager(), settings.attachment_origins)


guild_level = Level.named(settings.rules_level)
administer = Administer(moderation, time.time)
set_credits = SetCredits(store, administer, settings.credit_guilds)
admin = AdminCommands(administer, set_credits, guild_level)
check_content = CheckContent(
    book=RuleBook(load_rules()),
    moderation=moderation,
    telemetry=telemetry,
    clock=time.time,
    penalties=parse_penalties(settings.penalties),
    guild_level=guild_level,
    message_level=Level.named(settings.message_rules_level),
    keep_text=settings.keep_refused_text,
)
accept = AcceptJob(
    recipes=load_recipes(Path("workflows")),
    store=store,
    queue=queue,
    telemetry=telemetry,
    clock=time.time,
    attachment_origins=settings.attachment_origins,
    tiers=settings.tiers,
    check_content=check_content,
)
members = build_replies(accept, objects, picture_ends, favourites, settings.command_style)
replies = replace(members, commands={**members.commands, ADMIN: admin})
check = SignatureCheck(settings.discord_public_key)
handle = build_handler(check, replies, telemetry, time.time)
gc.enable()
gc.freeze()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
