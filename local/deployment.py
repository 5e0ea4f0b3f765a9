"""Which deployment an operator's command is about: the local cloud, or one on AWS.

The local cloud by what `.local/state.json` says, AWS with the shell's own credentials.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from distillery.core.errors import QueueUnavailable
from infra.settings import Settings
from local.aws import ACCESS_KEY, REPOSITORY, SECRET_KEY
from local.operating.place import CannotGoOn, Place
from local.serve_command import NOT_UP, read_state


class CannotRun(Exception):
    """The command cannot do what was asked; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment, and how to reach it."""

    table: str
    queue_url: str
    is_local: bool
    client: Callable[[str], Any]
    """Makes a client of one of AWS's services."""
    stack: str = "Distillery"
    """The service's."""
    settings: Settings | None = None
    """What `distillery.toml` says of it, where a stage of that is meant."""


def open_deployment(arguments: argparse.Namespace) -> Deployment:
    """Return the deployment that the options name; raises CannotRun."""
    if arguments.stage:
        return _of_stage(arguments.stage)
    if bool(arguments.table) != bool(arguments.queue_url):
        raise CannotRun(
            "Give both --table and --queue-url, or --stage, or nothing for the local cloud."
        )
    session = botocore.session.get_session()
    if arguments.table:
        return Deployment(arguments.table, arguments.queue_url, False, session.create_client)
    state = read_state()
    if state is None:
        raise CannotRun(NOT_UP)

    def client(service: str) -> Any:
        return session.create_client(
            service,
            endpoint_url=state["aws_endpoint_url"],
            region_name=state["region"],
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    return Deployment(state["table"], state["queue_url"], True, client)


def _of_stage(stage: str) -> Deployment:
    try:
        place = Place.of({"stage": stage}, REPOSITORY)
        outputs = place.outputs
    except CannotGoOn as problem:
        raise CannotRun(str(problem)) from problem
    return Deployment(
        outputs["TableName"],
        outputs["QueueUrl"],
        is_local=False,
        client=place.client,
        stack=place.settings.stack_name,
        settings=place.settings,
    )


def run_on(arguments: argparse.Namespace, action: Callable[[Deployment], None]) -> int:
    """Do it on the deployment that the options name; returns the exit status."""
    try:
        action(open_deployment(arguments))
    except CannotRun as problem:
        return _fail(str(problem))
    except (BotoCoreError, ClientError, QueueUnavailable) as error:
        return _fail(f"{error}\nCheck the credentials, the region, --stage, --table, --queue-url.")
    return 0


def printable(text: str) -> str:
    """Leave no control character: what a member or a provider wrote may hold anything."""
    return "".join(character if character.isprintable() else " " for character in text)


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
