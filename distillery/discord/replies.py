"""The looks of a job's message: working, done, failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distillery.core.errors import DiscordRefused
from distillery.core.job import Job
from distillery.core.ports import Clock, Delivery, Progress, Telemetry
from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import File
from distillery.discord.link_cards import MOST_CARDS, link_card
from distillery.discord.markdown import escape
from distillery.discord.responses import MAX_CONTENT, NO_MENTIONS
from distillery.discord.webhook import UNKNOWN_MESSAGE, DeadToken, WebhookClient

BAR_CELLS = 20
PROMPT_CHARACTERS = 300
PREVIEW = "preview.jpg"
FRESH_S = 10.0
"""Our first answer may take the 3 s that Discord allows; after this it has surely been read."""
TOKEN_MARGIN_S = 30.0
"""So long before its end a token is not used any more: our clock and Discord's may differ."""
_IN_MINUTES_S = 120


class DiscordReplies:
    """Implements `Replies` by editing the message that answers the interaction.

    An answer that comes after the token's death is posted into the channel by the bot.
    """

    def __init__(
        self, webhook: WebhookClient, channels: ChannelMessages, telemetry: Telemetry, clock: Clock
    ) -> None:
        self._webhook = webhook
        self._channels = channels
        self._telemetry = telemetry
        self._clock = clock

    def show_progress(self, job: Job, progress: Progress) -> None:
        """Show a bar, what is being done, and the picture as far as it has come."""
        lines = [_heading(job), f"`{_bar(progress.percent)}` {progress.percent:.0f} %"]
        if facts := list(_now(job, progress)):
            lines.append(f"-# {' · '.join(facts)}")
        files = []
        if progress.preview is not None:
            files = [File(PREVIEW, "image/jpeg", progress.preview)]
        if self._token_has_ended(job):
            raise DiscordRefused("progress is not shown once the token has ended")
        self._edit(job, _payload(lines, files), files, droppable=True)

    def show_pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: str | None = None
    ) -> None:
        """Show the pictures, with what is needed to make them again."""
        lines = [_heading(job), f"-# {_facts(job, deliveries)}"]
        if missing is not None:
            lines.append(f"⚠️ {missing}")
        cards = [link_card(d.picture.name, d.link) for d in deliveries if d.link]
        files = [
            File(d.sent.name, d.sent.content_type, d.data) for d in deliveries if d.data is not None
        ]
        self._answer(job, lines, files, cards)

    def show_failure(self, job: Job, text: str) -> None:
        """Say why there is no picture and what to do."""
        sign = "" if job.was_cancelled else "⚠️ "  # the member wanted it: nothing is wrong
        self._answer(job, [_heading(job), f"{sign}{text}"], [])

    def _answer(
        self,
        job: Job,
        lines: Sequence[str],
        files: Sequence[File],
        cards: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        payload = _payload(lines, files, cards)
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


def _payload(
    lines: Sequence[str], files: Sequence[File], cards: Sequence[Mapping[str, Any]] = ()
) -> Mapping[str, Any]:
    return {
        "content": "\n".join(lines)[:MAX_CONTENT],
        "embeds": list(cards[:MOST_CARDS]),
        # Names every file there shall be: without it a repeated edit would add them again.
        "attachments": [
            {"id": str(index), "filename": file.filename} for index, file in enumerate(files)
        ],
        "allowed_mentions": NO_MENTIONS,
    }


def _heading(job: Job) -> str:
    prompt = escape(str(job.request.values.get("prompt", "")), PROMPT_CHARACTERS)
    return f"**{prompt}** — <@{job.origin.user_id}>" if prompt else f"<@{job.origin.user_id}>"


def _facts(job: Job, deliveries: Sequence[Delivery]) -> str:
    """Seed, size and workflow, so that the picture can be made again."""
    values = job.request.values
    facts = [f"`{job.request.workflow}`"]
    if "seed" in values:
        seeds = dict.fromkeys(f"`{d.job.request.values['seed']}`" for d in deliveries)
        facts.append(f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}")
    first = job.outcome.pictures[0] if job.outcome and job.outcome.pictures else None
    if first and first.width and first.height:
        facts.append(f"{first.width} × {first.height}")
    if "delivered" in job.times or "concluded" in job.times:
        facts.append(f"{job.times['concluded'] - job.created_at:.0f} s")
    return " · ".join(facts)


def _now(job: Job, progress: Progress) -> Iterator[str]:
    """Yield what is being done, and how long all of it will still take."""
    if job.parts:
        yield f"{progress.ended} of {len(job.parts)} pictures made"
    if progress.node_title:
        yield escape(progress.node_title, 60)
        if progress.steps:
            yield f"step {progress.step} of {progress.steps}"
    left = round(progress.eta_s or 0)
    if left >= _IN_MINUTES_S:
        yield f"about {left // 60} min left"
    elif left:
        yield f"about {left} s left"


def _bar(percent: float) -> str:
    done = round(percent / 100 * BAR_CELLS)
    return "█" * done + "░" * (BAR_CELLS - done)
