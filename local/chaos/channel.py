"""Judges a service by what its members see: the messages of the local Discord, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.interactions.handler import UNCERTAIN
from local.discord.messages import LOADING
from local.member import words_of

Message = Mapping[str, Any]
Shown = tuple[str, tuple[tuple[str, int], ...]]
"""What a message shows: its text, and the names and sizes of its files."""
_NOT_YET = ("█", "░", "⏳")  # a bar of progress, or a wait
_PREVIEW = "preview."


@dataclass(frozen=True, slots=True)
class Request:
    """One use of /serve. No two of them have the same prompt."""

    interaction_id: str
    prompt: str
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What has become of requests, by their prompts. A lost one is acknowledged and unanswered."""

    pictures: frozenset[str]
    words: frozenset[str]
    lost: frozenset[str]
    doubled: frozenset[str]
    """Answered in two ways, or twice, or with a file more than once."""
    unasked: int
    """Messages of the application that answer no request."""


def judge(entries: Sequence[Mapping[str, Any]], requests: Sequence[Request]) -> Verdict:
    """Judge `entries`, the messages with their earlier states as `/control/messages` lists them."""
    of_request, unasked = _by_request(entries, requests)
    kinds: dict[str, set[str]] = defaultdict(set)
    for request in requests:
        mine = of_request[request.prompt]
        answers = [shown for entry in mine if (shown := _answer(entry["message"])) is not None]
        if answers:
            kinds["pictures" if _has_pictures(answers[0]) else "words"].add(request.prompt)
        elif request.acknowledged:
            kinds["lost"].add(request.prompt)
        if _is_doubled(mine):
            kinds["doubled"].add(request.prompt)
    names = ("pictures", "words", "lost", "doubled")
    return Verdict(**{name: frozenset(kinds[name]) for name in names}, unasked=unasked)


def _by_request(
    entries: Sequence[Mapping[str, Any]], requests: Sequence[Request]
) -> tuple[dict[str, list[Mapping[str, Any]]], int]:
    """Sort messages by prompt: the first answers bear the interaction, later posts the words."""
    prompts = {request.interaction_id: request.prompt for request in requests}
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    unasked = 0
    for entry in entries:
        message = entry["message"]
        if entry["notice"] or not message["author"].get("bot"):
            continue
        metadata = message.get("interaction_metadata") or {}
        prompt = prompts.get(metadata.get("id", "")) or _named(message, prompts.values())
        if prompt is None:
            unasked += 1
        else:
            found[prompt].append(entry)
    return found, unasked


def _named(message: Message, prompts: Any) -> str | None:
    return next((prompt for prompt in prompts if prompt in words_of(message)), None)


def _is_doubled(entries: Sequence[Mapping[str, Any]]) -> bool:
    ever = [set(_answers(entry)) for entry in entries]
    answered = [shown for shown in ever if shown]
    different = set().union(*answered)
    repeated = any(len({name for name, _ in files}) < len(files) for _, files in different)
    return len(answered) > 1 or len(different) > 1 or repeated


def _answers(entry: Mapping[str, Any]) -> Iterator[Shown]:
    for state in (*entry["edits"], entry["message"]):
        if (shown := _answer(state)) is not None:
            yield shown


def _answer(state: Message) -> Shown | None:
    """Return what a message shows, unless it is `thinking`, tells of progress or is not sure.

    Where the service cannot know whether it took a request it says so, and either may follow.
    """
    files = tuple(sorted((file["filename"], file["size"]) for file in state["attachments"]))
    words = words_of(state)
    works = any(sign in words for sign in _NOT_YET)
    if words == UNCERTAIN:
        return None
    if state["flags"] & LOADING or works or any(n.startswith(_PREVIEW) for n, _ in files):
        return None
    return words, files


def _has_pictures(shown: Shown) -> bool:
    content, files = shown
    return bool(files) or "](<" in content
