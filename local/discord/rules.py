"""The rules of messages and interaction answers that Discord's OpenAPI document does not hold.

Sources: Discord's documentation of messages, components, embeds and interaction responses; and one
house rule: every message says `allowed_mentions: {"parse": []}`.
"""

from collections.abc import Iterator

from local.discord.command_rules import IN_A_CHOICE
from local.discord.component_rules import component_problems
from local.discord.messages import COMPONENTS_V2, EPHEMERAL
from local.discord.modal_rules import modal_problems
from local.discord.refusals import Json, Problem

SUPPRESS_EMBEDS = 1 << 2
SUPPRESS_NOTIFICATIONS = 1 << 12
CREATE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
EDIT_FLAGS = SUPPRESS_EMBEDS | COMPONENTS_V2

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 1, 2, 3, 4, 5
PONG, MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL, ACTIVITY = 1, 4, 5, 6, 7, 8, 9, 12
ANSWERS_TO = {
    PING: {PONG},
    COMMAND: {MESSAGE, DEFERRED, MODAL, ACTIVITY},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL, ACTIVITY},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, ACTIVITY},
}

EDITABLE = {"content", "embeds", "allowed_mentions", "components", "attachments", "poll", "flags"}
IN_A_REPLY = EDITABLE | {"tts"}
IN_A_CHANNEL = IN_A_REPLY | {"sticker_ids", "message_reference", "nonce", "enforce_nonce"}
LEGACY_FIELDS = ("content", "embeds", "sticker_ids", "poll")
IN_AN_ATTACHMENT = {"id", "filename", "description", "title", "is_spoiler"}
IN_AN_EMBED = {
    "title": 256,
    "description": 4096,
    "type": None,
    "url": None,
    "timestamp": None,
    "color": None,
    "footer": None,
    "image": None,
    "thumbnail": None,
    "author": None,
    "fields": None,
}
MOST_CONTENT = 2000
MOST_EMBEDS = 10
MOST_EMBED_TEXT = 6000
MOST_EMBED_FIELDS = 25
MOST_CHOICES = 25
MOST_IN_A_CHOICE = 100


def reply_problems(payload: Json) -> list[Problem]:
    """Check a new message of an interaction: its first answer or a follow-up."""
    return list(_message(payload, IN_A_REPLY, CREATE_FLAGS | EPHEMERAL))


def channel_message_problems(payload: Json) -> list[Problem]:
    """Check a new message that the bot posts by itself."""
    return list(_message(payload, IN_A_CHANNEL, CREATE_FLAGS))


def edit_problems(payload: Json, present_flags: int = 0) -> list[Problem]:
    """Check an edit of a message that has `present_flags` so far."""
    return list(_message(payload, EDITABLE, EDIT_FLAGS, present_flags))


def answer_problems(interaction_type: int, answer: Json, present_flags: int = 0) -> list[Problem]:
    """Check the JSON with which the application answers an interaction.

    `present_flags` are those of the message whose button was used, if one was.
    """
    kind, data = answer.get("type"), answer.get("data")
    problems = list(_unknown(answer, {"type", "data"}, ""))
    if kind not in ANSWERS_TO[interaction_type]:
        text = f"{kind!r} is no answer to an interaction of type {interaction_type}"
        return [*problems, Problem("type", text)]
    if not isinstance(data, dict):
        needed = kind in (MESSAGE, UPDATE, CHOICES, MODAL)
        return [*problems, Problem("data", "is required")] if needed else problems
    found = _answer_data(kind, data, present_flags)
    return problems + [Problem(f"data.{p.path}", p.message) for p in found]


def _answer_data(kind: object, data: Json, present_flags: int) -> Iterator[Problem]:
    if kind == MESSAGE:
        yield from _message(data, IN_A_REPLY, CREATE_FLAGS | EPHEMERAL)
    elif kind == UPDATE:
        yield from _message(data, EDITABLE, EDIT_FLAGS, present_flags)
    elif kind == DEFERRED:
        yield from _unknown(data, {"flags"}, "")
        yield from _flags(data, EPHEMERAL)
    elif kind == CHOICES:
        yield from _choices(data)
    elif kind == MODAL:
        yield from modal_problems(data)


def _choices(data: Json) -> Iterator[Problem]:
    yield from _unknown(data, {"choices"}, "")
    choices = _objects(data.get("choices"))
    if len(choices) > MOST_CHOICES:
        yield Problem("choices", f"at most {MOST_CHOICES} choices")
    for index, choice in enumerate(choices):
        yield from _unknown(choice, IN_A_CHOICE, f"choices.{index}.")
        for name in ("name", "value"):
            if not 1 <= len(str(choice.get(name, ""))) <= MOST_IN_A_CHOICE:
                text = f"must be 1 to {MOST_IN_A_CHOICE} in length"
                yield Problem(f"choices.{index}.{name}", text)


def _message(
    payload: Json, fields: set[str], flags: int, present_flags: int = 0
) -> Iterator[Problem]:
    yield from _unknown(payload, fields, "")
    if payload.get("allowed_mentions") != {"parse": []}:
        yield Problem("allowed_mentions", 'must be {"parse": []}: without it Discord pings people')
    yield from _flags(payload, flags)
    v2 = bool((_integer(payload.get("flags")) | present_flags) & COMPONENTS_V2)
    yield from _content(payload)
    for name in LEGACY_FIELDS if v2 else ():
        if payload.get(name):
            yield Problem(name, "cannot be used together with IS_COMPONENTS_V2")
    yield from _embeds(payload.get("embeds"))
    for index, entry in enumerate(_objects(payload.get("attachments"))):
        yield from _unknown(entry, IN_AN_ATTACHMENT, f"attachments.{index}.")
        if not isinstance(entry.get("id"), str):
            yield Problem(f"attachments.{index}.id", "must be a string")
    yield from component_problems(payload.get("components"), v2=v2)


def _content(payload: Json) -> Iterator[Problem]:
    content = payload.get("content")
    if content is not None and not isinstance(content, str):
        yield Problem("content", "must be a string")
    elif content and len(content) > MOST_CONTENT:
        yield Problem("content", f"must be {MOST_CONTENT} or fewer in length")


def _embeds(value: object) -> Iterator[Problem]:
    embeds = _objects(value)
    if len(embeds) > MOST_EMBEDS:
        yield Problem("embeds", f"must be {MOST_EMBEDS} or fewer in length")
    for index, embed in enumerate(embeds):
        yield from _unknown(embed, set(IN_AN_EMBED), f"embeds.{index}.")
        for name, most in IN_AN_EMBED.items():
            if most and len(str(embed.get(name) or "")) > most:
                yield Problem(f"embeds.{index}.{name}", f"must be {most} or fewer in length")
        if len(_objects(embed.get("fields"))) > MOST_EMBED_FIELDS:
            yield Problem(f"embeds.{index}.fields", f"at most {MOST_EMBED_FIELDS} fields")
    if sum(map(_embed_text, embeds)) > MOST_EMBED_TEXT:
        yield Problem("embeds", f"all text together must be {MOST_EMBED_TEXT} or fewer in length")


def _embed_text(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [
        (embed.get(part) or {}).get(key) for part, key in (("footer", "text"), ("author", "name"))
    ]
    for row in _objects(embed.get("fields")):
        texts += [row.get("name"), row.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _flags(payload: Json, allowed: int) -> Iterator[Problem]:
    flags = payload.get("flags")
    if flags is not None and not isinstance(flags, int):
        yield Problem("flags", "must be an integer")
    elif flags and flags & ~allowed:
        yield Problem("flags", f"bits {flags & ~allowed} may not be set here")


def _unknown(value: Json, known: set[str], path: str) -> Iterator[Problem]:
    for name in sorted(set(value) - known):
        yield Problem(f"{path}{name}", "unknown field")


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
