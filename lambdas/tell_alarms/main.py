"""Wires the tell_alarms room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.secrets import secret_reader
from distillery.aws.telemetry import EmfTelemetry, start_logging
from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import DiscordHttp
from distillery.discord.rate_limits import RateLimits
from distillery.settings import read_settings
from lambdas.tell_alarms.handler import build_handler
from lambdas.tell_alarms.settings import Settings

settings = read_settings(Settings, os.environ)
start_logging("tell_alarms")
limits = RateLimits(time.time, EmfTelemetry("tell_alarms"))
channel = ChannelMessages(
    DiscordHttp(urllib3.PoolManager(), settings.discord_api_url, limits),
    secret_reader(clients.ssm(), settings.bot_token_secret_name),
)


def post(payload: Mapping[str, Any], *, nonce: str) -> None:
    """Post into the operators' channel."""
    channel.post(settings.alarm_channel, payload, (), nonce=nonce)


handle = build_handler(post)


def handler(event: Mapping[str, Any], context: object) -> None:
    """AWS Lambda's entry point."""
    handle(event)
