"""Wires the register_commands room, once per deployment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.secrets import secret_reader
from distillery.aws.telemetry import start_logging
from distillery.discord.commands import all_commands
from distillery.discord.registration import CommandRegistration
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from lambdas.register_commands.handler import build_handler
from lambdas.register_commands.settings import Settings

settings = read_settings(Settings, os.environ)
start_logging("register_commands")
registration = CommandRegistration(
    urllib3.PoolManager(),
    settings.discord_api_url,
    settings.discord_application_id,
    secret_reader(clients.ssm(), settings.bot_token_secret_name),
)
commands = all_commands(load_recipes(Path("workflows")), settings.command_style)
handle = build_handler(registration, commands, f"commands-{settings.discord_application_id}")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
