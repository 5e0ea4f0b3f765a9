"""Registers the slash commands with Discord when a deployment changes them."""

from __future__ import annotations

from aws_cdk import CustomResource
from aws_cdk.custom_resources import Provider
from constructs import Construct

from infra.bundle import bundle_hash
from infra.functions import RoomFunction, log_group, logging_role
from infra.rooms import REGISTER_COMMANDS
from infra.settings import Settings


class Commands(Construct):
    """A custom resource that changes with the recipes, their style, their reader, and the bot."""

    def __init__(
        self, scope: Construct, construct_id: str, *, room: RoomFunction, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        lines = log_group(self, "ProviderLog")
        self.provider = Provider(
            self,
            "Provider",
            on_event_handler=room.function,
            log_group=lines,
            framework_on_event_role=logging_role(self, "ProviderRole", lines),
        )
        registration = CustomResource(
            self,
            "Registration",
            resource_type="Custom::DiscordCommands",
            service_token=self.provider.service_token,
            properties={
                "ApplicationId": settings.application_id,
                "Bundle": bundle_hash(REGISTER_COMMANDS, settings),
                "Style": settings.command_style,
            },
        )
        registration.node.add_dependency(room)  # its permissions too, not its function alone
