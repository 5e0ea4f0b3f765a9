"""A deployment as its operator reaches it: its settings, its stack's outputs, and AWS."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import Settings
from infra.settings_file import WrongSettings, read_settings
from local.aws import served_url
from local.operating.outside import Bot
from local.operating.rooms import checks_of_rooms

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})


class CannotGoOn(Exception):
    """The command cannot do what was asked; the text says what to do."""


def context_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Read `-c key=value` as cdk does, and `--stage`; raises CannotGoOn."""
    pairs = [pair.partition("=") for pair in arguments.context]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise CannotGoOn(f"-c {wrong[0]}: give it as KEY=VALUE")
    stage = {"stage": arguments.stage} if arguments.stage else {}
    return {key: value for key, _, value in pairs} | stage


def aws_client(service: str) -> Any:
    """Make a client; the shell says which account and region, and where AWS is."""
    return botocore.session.get_session().create_client(service, config=_CONFIG)


class Place:
    """One deployment, by the settings in `folder` and the shell's own credentials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def of(cls, context: Mapping[str, str], folder: Path) -> Place:
        """Read the settings; raises CannotGoOn."""
        try:
            return cls(read_settings(context, folder, checks_of_rooms()))
        except WrongSettings as error:
            raise CannotGoOn(str(error)) from error

    @property
    def renew(self) -> str:
        """The command that stores another token or key."""
        stage = self.settings.stage
        return "distillery init --secrets" + (f" --stage {stage}" if stage != "prod" else "")

    @property
    def deploy(self) -> str:
        """The command that deploys what the settings say."""
        stage = self.settings.stage
        return "make deploy" + (f" STAGE={stage}" if stage != "prod" else "")

    def bot(self) -> Bot:
        """Return the bot at Discord; raises CannotGoOn when its token cannot be read."""
        token = self.secret(self.settings.bot_token_secret)
        return Bot(self.settings.discord_api_url, token, self.renew)

    def client(self, service: str) -> Any:
        """Make a client of one of AWS's services."""
        return aws_client(service)

    @cached_property
    def stack(self) -> Mapping[str, Any]:
        """The service stack, as CloudFormation describes it; raises CannotGoOn without one."""
        name = self.settings.stack_name
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise CannotGoOn(
                f"AWS shows no stack {name}: {error}\n"
                f"Check the shell's credentials and region, or deploy it: {self.deploy}"
            ) from error
        found: Mapping[str, Any] = stack
        return found

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """What the service stack says of itself; raises CannotGoOn while it says nothing."""
        if not (outputs := self.stack.get("Outputs")):
            raise CannotGoOn(
                f"the stack {self.settings.stack_name} is {self.stack['StackStatus']}, and has "
                "never been deployed whole: its events in the console, CloudFormation, say why; "
                f"then {self.deploy}"
            )
        return {o["OutputKey"]: o["OutputValue"] for o in outputs}

    @property
    def interactions_url(self) -> str:
        """Where Discord calls. An embedded AWS serves it at an address of its own."""
        url = self.outputs["InteractionsUrl"]
        return served_url(os.environ["AWS_ENDPOINT_URL"], url) if self.settings.is_local else url

    def resources(self, kind: str) -> list[str]:
        """The physical ids of the service stack's resources of a type."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        found = [
            resource
            for page in pages.paginate(StackName=self.settings.stack_name)
            for resource in page["StackResourceSummaries"]
        ]
        return [r["PhysicalResourceId"] for r in found if r["ResourceType"] == kind]

    def secret(self, name: str) -> str:
        """Read a secret; raises CannotGoOn."""
        try:
            answer = self.client("ssm").get_parameter(Name=name, WithDecryption=True)
        except (BotoCoreError, ClientError) as error:
            raise CannotGoOn(
                f"the secret {name} cannot be read: {error}. {self.renew} stores it; or check the "
                "shell's region and permissions"
            ) from error
        return str(answer["Parameter"]["Value"]).strip()
