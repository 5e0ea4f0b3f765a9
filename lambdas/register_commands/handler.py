"""A CloudFormation custom resource: the slash commands of this deployment.

Source: AWS CDK, "custom-resources: Provider framework", which answers CloudFormation for us.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distillery.discord.registration import CommandRegistration

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[Event], dict[str, Any]]


def build_handler(
    registration: CommandRegistration,
    commands: Sequence[Mapping[str, Any]],
    physical_id: str,
) -> Handler:
    """Return the handler of the provider framework's onEvent. What it raises fails the deploy."""

    def handle(event: Event) -> dict[str, Any]:
        if event["RequestType"] == "Delete":
            # The commands stay: removing them would break a second deployment of the same
            # application, and Discord drops them with the application.
            return {"PhysicalResourceId": physical_id}
        written = registration.put(commands)
        logger.info("commands registered" if written else "commands unchanged")
        return {"PhysicalResourceId": physical_id, "Data": {"Written": str(written).lower()}}

    return handle
