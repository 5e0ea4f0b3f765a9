"""Brings a job's message to where the job stands, by Discord's HTTP interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distillery.core.errors import DiscordRefused
from distillery.core.job import Job
from distillery.core.ports import Clock, Delivery, Missing, Progress, Telemetry, Waiting
from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import File
from distillery.discord.looks import PREVIEW, Looks
from distillery.discord.webhook import UNKNOWN_MESSAGE, DeadToken, WebhookClient

FRESH_S = 10.0
"""Our first answer may take the 3 s that Discord allows; after this it has surely been read."""
TOKEN_MARGIN_S = 30.0
"""So long before its end a token is not used any more: our clock and Discord's may differ."""


class DiscordReplies:
    """Implements `Replies` by editing the message that answers the interaction.

    An answer that comes after the token's death is posted into the channel by the bot.
    """

    def __init__(
        self,
        webhook: WebhookClient,
        channels: ChannelMessages,
        looks: Looks,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._webhook = webhook
        self._channels = channels
        self._looks = looks
        self._telemetry = telemetry
        self._clock = clock

    def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """Show where the job stands."""
        self._show(job, self._looks.waiting(job, waiting), [])

    def show_progress(self, job: Job, progress: Progress) -> None:
        """Show how far the job has come."""
        files = []
        if progress.preview is not None:
            files = [File(PREVIEW, "image/jpeg", progress.preview)]
        self._show(job, self._looks.working(job, progress), files)

    def show_pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: Missing | None = None
    ) -> None:
        """Show the pictures."""
        files = [
            File(d.sent.name, d.sent.content_type, d.data) for d in deliveries if d.data is not None
        ]
        self._answer(job, self._looks.pictures(job, deliveries, missing), files)

    def show_failure(self, job: Job, text: str, **values: str) -> None:
        """Say why there is no picture and what to do."""
        self._answer(job, self._looks.failure(job, text, **values), [])

    def _show(self, job: Job, payload: Mapping[str, Any], files: Sequence[File]) -> None:
        if self._token_has_ended(job):
            raise DiscordRefused("progress is not shown once the token has ended")
        self._edit(job, payload, files, droppable=True)

    def _answer(self, job: Job, payload: Mapping[str, Any], files: Sequence[File]) -> None:
        if not self._token_has_ended(job):
            try:
                self._edit(job, payload, files, droppable=False)
                return
            except DeadToken as dead:
                if dead.code == UNKNOWN_MESSAGE:
                    raise  # somebody deleted the message: they do not want it elsewhere
        self._channels.post(job.origin.channel_id, payload, files, nonce=job.lead_id)
        self._telemetry.count("AnswersByBot")

    def _edit(
        self, job: Job, payload: Mapping[str, Any], files: Sequence[File], *, droppable: bool
    ) -> None:
        origin = job.origin
        fresh = self._clock() - job.created_at < FRESH_S
        self._webhook.edit_original(
            origin.application_id, origin.token, payload, files, fresh=fresh, droppable=droppable
        )

    def _token_has_ended(self, job: Job) -> bool:
        return self._clock() > job.token_expires_at - TOKEN_MARGIN_S
