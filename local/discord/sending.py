"""Does what members do: sends the interaction to the application and shows its first answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from local.discord import interactions, modals, rules
from local.discord.channels import Place, guild_channels
from local.discord.component_rules import SELECTS, walk
from local.discord.endpoint import Reply, post_interaction
from local.discord.envelope import guild_channel_object, partial_member
from local.discord.members import MEMBERS, ROLES
from local.discord.messages import Posted
from local.discord.modals import OpenModal
from local.discord.option_values import Known
from local.discord.refusals import Json, Problem, Refusal, unknown_message
from local.discord.showing import show, show_silence
from local.discord.state import Discord

SCHEMAS = {
    rules.PONG: "PongInteractionCallbackRequest",
    rules.MESSAGE: "CreateMessageInteractionCallbackRequest",
    rules.DEFERRED: "CreateMessageInteractionCallbackRequest",
    rules.DEFERRED_UPDATE: "UpdateMessageInteractionCallbackRequest",
    rules.UPDATE: "UpdateMessageInteractionCallbackRequest",
    rules.CHOICES: "ApplicationCommandAutocompleteCallbackRequest",
    rules.MODAL: "ModalInteractionCallbackRequest",
}


async def use_command(
    discord: Discord,
    place: Place,
    command: Json,
    values: Mapping[str, object],
    path: Sequence[str] = (),
) -> Json:
    """Send a slash command; `values` and `path` as for `interactions.slash_command`.

    Returns {"interaction_id", "token", "status", "answer", "problems"}.
    """
    known = _known(discord, place, values)
    interaction = interactions.slash_command(place, command, values, known, path)
    return await _deliver(discord, place, interaction)


async def use_message_command(discord: Discord, place: Place, command: Json, on: Posted) -> Json:
    """Send a command from the menu of a message; returns what `use_command` does."""
    _check_seen(discord, place, on)
    interaction = interactions.message_command(place, command, on.message)
    return await _deliver(discord, place, interaction)


async def use_component(
    discord: Discord, place: Place, on: Posted, custom_id: str, values: Sequence[str] | None
) -> Json:
    """Send a click on a button or the choice of a menu; returns what `use_command` does."""
    _check_seen(discord, place, on)
    component = _component(on.message["components"], custom_id)
    if component["type"] in SELECTS:
        _check_chosen(component, values or [])
    interaction = interactions.component_click(place, on.message, component, values)
    return await _deliver(discord, place, interaction, on)


async def submit_modal(
    discord: Discord, opened_by: str, member_id: str, values: Mapping[str, object]
) -> Json:
    """Send a form that the interaction `opened_by` opened; returns what `use_command` does."""
    opened = discord.modals.get(opened_by)
    if opened is None or opened.place.member.id != member_id:
        raise ValueError("this form is not open")
    components = modals.submitted(opened.modal, values)
    message = opened.clicked.message if opened.clicked else None
    custom_id = opened.modal["custom_id"]
    interaction = interactions.modal_submit(opened.place, custom_id, components, message)
    if files := modals.file_ids(components):
        found = {one["id"]: one for one in discord.attachments.keep(files)}
        interaction["data"]["resolved"] = {"attachments": found}
    answer = await _deliver(discord, opened.place, interaction, opened.clicked)
    if not answer["problems"]:
        discord.modals.pop(opened_by, None)
    return answer


async def suggest(
    discord: Discord,
    place: Place,
    command: Json,
    values: Mapping[str, object],
    focused: str,
    path: Sequence[str] = (),
) -> Json:
    """Ask for suggestions while a member types; returns {"choices", "problems"}."""
    interaction = interactions.autocompletion(place, command, values, focused, path)
    reply = await post_interaction(discord, discord.interactions_url, interaction)
    problems = _problems(discord, interaction, reply, None)
    answer = reply.json() or {}
    choices = [] if problems else (answer.get("data") or {}).get("choices") or []
    return {"choices": choices, "problems": _told(problems)}


async def _deliver(
    discord: Discord, place: Place, interaction: Json, clicked: Posted | None = None
) -> Json:
    token = discord.tokens.issue(interaction)
    reply = await post_interaction(discord, discord.interactions_url, interaction)
    problems = _problems(discord, interaction, reply, clicked)
    answer = reply.json() if reply.status == HTTPStatus.OK else None
    if answer is not None and not problems:
        discord.tokens.answered(token)
        try:
            show(discord, token, answer, clicked)
        except Refusal as refusal:
            problems = list(refusal.problems) or [Problem("data", refusal.message)]
            discord.violated(_call(interaction), problems)
    if problems:
        token.answered = False
        if interaction["type"] == rules.COMMAND:
            show_silence(discord, interaction)
    elif answer and answer["type"] == rules.MODAL:
        discord.modals[interaction["id"]] = OpenModal(answer["data"], place, clicked)
    return {
        "interaction_id": interaction["id"],
        "token": interaction["token"],
        "status": reply.status,
        "answer": answer,
        "problems": _told(problems),
    }


def _problems(
    discord: Discord, interaction: Json, reply: Reply, clicked: Posted | None
) -> list[Problem]:
    answer = reply.json() if reply.status == HTTPStatus.OK else None
    if answer is None:
        said = reply.reason or reply.body[:200].decode(errors="replace")
        return [Problem("answer", f"HTTP {reply.status}, {said}")]
    flags = clicked.message["flags"] if clicked else 0
    problems = rules.answer_problems(interaction["type"], answer, flags)
    if clicked is None and answer.get("type") in (rules.DEFERRED_UPDATE, rules.UPDATE):
        problems.append(Problem("type", "there is no message with components to update"))
    if answer.get("type") in SCHEMAS:
        problems += discord.openapi.problems(SCHEMAS[answer["type"]], answer)
    if problems:
        discord.violated(_call(interaction), problems)
    return problems


def _call(interaction: Json) -> str:
    return f"answer to interaction type {interaction['type']}"


def _told(problems: Sequence[Problem]) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in problems]


def _known(discord: Discord, place: Place, values: Mapping[str, object]) -> Known:
    """Return all that the values of a command may name by an id."""
    ids = [value for value in values.values() if isinstance(value, str)]
    found = {one: discord.attachments.find(one) for one in ids}
    channels = guild_channels(place.settings)
    return {
        "attachments": {one: file for one, file in found.items() if file is not None},
        "users": {member.id: member.user() for member in MEMBERS},
        "members": {member.id: partial_member(member) for member in MEMBERS},
        "roles": ROLES,
        "channels": {
            channel.id: guild_channel_object(place.settings, channel, place.member)
            for channel in channels
        },
    }


def _check_seen(discord: Discord, place: Place, on: Posted) -> None:
    seen = discord.messages.visible(place.member.id)
    if on not in seen or on.message["channel_id"] != place.channel.id:
        raise unknown_message()


def _component(components: list[Json], custom_id: str) -> Json:
    for _, component in walk(components, "components"):
        if component.get("custom_id") == custom_id and not component.get("disabled"):
            return component
    raise ValueError(f"the message has no enabled component {custom_id!r}")


def _check_chosen(select: Json, values: Sequence[str]) -> None:
    low, high = select.get("min_values"), select.get("max_values") or 1
    if not (1 if low is None else low) <= len(values) <= high:
        raise ValueError(f"{select['custom_id']}: choose at most {high}")
    known = {option["value"] for option in select.get("options") or []}
    for value in set(values) - known if known else ():
        raise ValueError(f"{select['custom_id']}: {value!r} is none of the choices")
