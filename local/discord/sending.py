"""Sends interactions to the application and shows its first answer in the channel."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from local.discord import interactions, rules
from local.discord.component_rules import walk
from local.discord.members import Member, bot_user
from local.discord.messages import COMMAND_ANSWER, EPHEMERAL, Posted
from local.discord.payload import Payload
from local.discord.refusals import Json, Problem, Refusal
from local.discord.state import Discord
from local.discord.tokens import Token

ANSWER_WITHIN = 3.0  # seconds; Discord's deadline for the first answer
SILENT = "The application did not respond"
UNSUPPORTED = "This answer (a modal or an activity) is not shown by the local Discord"
SCHEMAS = {
    rules.PONG: "PongInteractionCallbackRequest",
    rules.MESSAGE: "CreateMessageInteractionCallbackRequest",
    rules.DEFERRED: "CreateMessageInteractionCallbackRequest",
    rules.DEFERRED_UPDATE: "UpdateMessageInteractionCallbackRequest",
    rules.UPDATE: "UpdateMessageInteractionCallbackRequest",
    rules.CHOICES: "ApplicationCommandAutocompleteCallbackRequest",
    rules.MODAL: "ModalInteractionCallbackRequest",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the interactions endpoint answered; `status` is 0 where nothing came in time."""

    status: int
    body: bytes
    reason: str = ""

    def json(self) -> Json | None:
        """Return the body where it is a JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


async def use_command(
    discord: Discord, member: Member, command: Json, options: Mapping[str, object]
) -> Json:
    """Send a slash command; `options` as for `interactions.slash_command`.

    Returns {"interaction_id", "token", "status", "answer", "problems"}.
    """
    uploads = {
        identity: found
        for value in options.values()
        if isinstance(value, str)
        for identity, found in [(value, discord.attachments.find(value))]
        if found is not None
    }
    interaction = interactions.slash_command(discord.settings, command, options, member, uploads)
    return await _deliver(discord, interaction)


async def use_component(
    discord: Discord, member: Member, posted: Posted, custom_id: str, values: list[str] | None
) -> Json:
    """Send a click on a button or the choice of a menu; returns what `use_command` does."""
    component = _component(posted.message["components"], custom_id)
    interaction = interactions.component_click(
        discord.settings, posted.message, component, member, values
    )
    return await _deliver(discord, interaction, posted)


async def post_interaction(discord: Discord, url: str, interaction: Json) -> Reply:
    """Sign and send one interaction; no answer in time is a `Reply` with status 0."""
    body = interactions.encoded(interaction)
    headers = interactions.sign(discord.settings.signing_key, body, str(int(time.time())))
    return await post_signed(discord, url, body, headers)


async def post_signed(discord: Discord, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Send a body with the given signature."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    try:
        async with discord.http.post(url, data=body, headers=headers, timeout=timeout) as answer:
            return Reply(answer.status, await answer.read())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Reply(0, b"", str(error) or type(error).__name__)


async def _deliver(discord: Discord, interaction: Json, clicked: Posted | None = None) -> Json:
    token = discord.tokens.issue(interaction)
    reply = Reply(0, b"", "no interactions URL is set")
    if discord.interactions_url:
        reply = await post_interaction(discord, discord.interactions_url, interaction)
    answer = reply.json() if reply.status == HTTPStatus.OK else None
    problems = _problems(discord, interaction, answer, reply)
    if answer is not None and not problems:
        discord.tokens.answered(token)
        problems = _show(discord, token, answer, clicked)
    if problems:
        token.answered = False
        _show_failure(discord, interaction, SILENT)
    return {
        "interaction_id": interaction["id"],
        "token": interaction["token"],
        "status": reply.status,
        "answer": answer,
        "problems": [f"{problem.path}: {problem.message}" for problem in problems],
    }


def _problems(
    discord: Discord, interaction: Json, answer: Json | None, reply: Reply
) -> list[Problem]:
    if answer is None:
        said = reply.reason or reply.body[:200].decode(errors="replace")
        return [Problem("answer", f"HTTP {reply.status}, {said}")]
    problems = rules.answer_problems(interaction["type"], answer)
    if answer.get("type") in SCHEMAS:
        problems += discord.openapi.problems(SCHEMAS[answer["type"]], answer)
    if problems:
        discord.violated(f"answer to interaction type {interaction['type']}", problems)
    return problems


def _show(discord: Discord, token: Token, answer: Json, clicked: Posted | None) -> list[Problem]:
    """Carry out an answer; what Discord would refuse comes back as problems."""
    kind, data = answer["type"], answer.get("data") or {}
    interaction = token.interaction or {}
    try:
        if kind in (rules.MESSAGE, rules.DEFERRED):
            _first_message(discord, token, kind, data)
        elif kind in (rules.DEFERRED_UPDATE, rules.UPDATE) and clicked is not None:
            token.original = clicked.message["id"]
            if kind == rules.UPDATE:
                discord.messages.edit(clicked, Payload(data))
        else:
            _show_failure(discord, interaction, UNSUPPORTED)
    except Refusal as refusal:
        problems = list(refusal.problems) or [Problem("data", refusal.message)]
        discord.violated(f"answer to interaction type {interaction['type']}", problems)
        return problems
    return []


def _first_message(discord: Discord, token: Token, kind: int, data: Json) -> None:
    visible_to = token.member_id if (data.get("flags") or 0) & EPHEMERAL else None
    author, extra = bot_user(discord.settings), answer_envelope(discord, token.interaction)
    if kind == rules.DEFERRED:
        posted = discord.messages.post_loading(author, visible_to=visible_to, extra=extra)
    else:
        posted = discord.messages.post(author, Payload(data), visible_to=visible_to, extra=extra)
    token.original = posted.message["id"]


def _show_failure(discord: Discord, interaction: Json, text: str) -> None:
    member_id = interaction["member"]["user"]["id"]
    extra = answer_envelope(discord, interaction)
    author = bot_user(discord.settings)
    discord.messages.post_notice(author, text, visible_to=member_id, extra=extra)


def answer_envelope(discord: Discord, interaction: Json | None) -> Json:
    """Return the fields that tie a message to the interaction it answers."""
    application = discord.settings.application_id
    envelope: Json = {"application_id": application, "webhook_id": application}
    if interaction is None:
        return envelope
    user = interaction["member"]["user"]
    common = {"id": interaction["id"], "type": interaction["type"], "user": user}
    owners = interaction["authorizing_integration_owners"]
    envelope["interaction_metadata"] = {**common, "authorizing_integration_owners": owners}
    if interaction["type"] == rules.COMMAND:
        envelope["interaction"] = {**common, "name": interaction["data"]["name"]}
        envelope["type"] = COMMAND_ANSWER
    return envelope


def _component(components: list[Json], custom_id: str) -> Json:
    for _, component in walk(components, "components"):
        if component.get("custom_id") == custom_id and not component.get("disabled"):
            return component
    raise ValueError(f"the message has no enabled component {custom_id!r}")
