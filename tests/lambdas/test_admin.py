"""Moderators settle what is made in their server: who may, what it does, and that it is logged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from distillery.core.errors import StoreConflict
from distillery.core.moderation.administer import MET_OTHERS, MOST_WORDS, Administer
from distillery.core.moderation.picture_actions import PictureAction
from distillery.core.moderation.records import Decision, Done, GuildPolicy
from distillery.core.moderation.set_credits import NOT_HERE, SetCredits
from distillery.core.rules.rule import Action, Level
from distillery.discord.admin import (
    ADMIN,
    ADMINISTRATOR,
    DECIDED,
    MANAGE_SERVER,
    admin_command,
)
from distillery.discord.signature import SignatureCheck
from lambdas.interactions.admin import AdminCommands
from lambdas.interactions.handler import Replies, build_handler
from local.memory import FakeClock, MemoryTelemetry
from local.memory_moderation import MemoryModeration
from local.memory_store import MemoryJobStore
from tests.lambdas.conftest import KEY, event, signed

GUILD, CHANNEL, MODERATOR, MEMBER = (
    "400000000000000010",
    "400000000000000020",
    "400000000000000042",
    "400000000000000077",
)
KINDS = {"member": 6, "channel": 7}


class Room:
    """The interactions room, with /admin alone."""

    def __init__(self, credit_guilds: Sequence[str] = (GUILD,)) -> None:
        self.clock = FakeClock()
        self.moderation = MemoryModeration()
        self.store = MemoryJobStore()
        administer = Administer(self.moderation, self.clock)
        credit = SetCredits(self.store, administer, frozenset(credit_guilds))
        commands = AdminCommands(administer, credit, Level.STANDARD)
        check = SignatureCheck(KEY.verify_key.encode().hex())
        replies = Replies({ADMIN: commands})
        self.handle = build_handler(check, replies, MemoryTelemetry(), self.clock)
        self.asked = 0
        self.locale = "en-US"

    def use(self, part: str, permissions: int = MANAGE_SERVER, **options: Any) -> str:
        document = event("interaction_serve")
        self.asked += 1
        document["id"] = str(int(document["id"]) + self.asked)
        document["member"]["permissions"] = str(permissions)
        document["locale"] = self.locale
        given = [
            {"name": n, "type": KINDS.get(n, 4 if isinstance(v, int) else 3), "value": v}
            for n, v in options.items()
        ]
        document["data"] = {
            "id": "3",
            "name": ADMIN,
            "type": 1,
            "options": [{"name": part, "type": 1, "options": given}],
        }
        return self.answer(document)

    def answer(self, document: dict[str, Any]) -> str:
        response = self.handle(signed(json.dumps(document).encode(), self.clock()))
        answer = json.loads(response["body"])
        assert (response["statusCode"], answer["type"], answer["data"]["flags"]) == (200, 4, 64)
        assert answer["data"]["allowed_mentions"] == {"parse": []}
        return str(answer["data"]["content"])

    @property
    def policy(self) -> GuildPolicy:
        return self.moderation.look(GUILD, "1").policy


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("permissions", [0, 1 << 4, 2147483648])
def test_who_may_not_manage_the_server_changes_nothing(room: Room, permissions: int) -> None:
    assert "manage this server" in room.use("rules", permissions, level="relaxed")
    assert room.policy == GuildPolicy()
    assert room.moderation.entries == {}


@pytest.mark.parametrize("permissions", [MANAGE_SERVER, ADMINISTRATOR, (1 << 50) - 1])
def test_who_may_manage_the_server_moderates_it(room: Room, permissions: int) -> None:
    assert room.use("rules", permissions, level="relaxed") == "Done: set the rules to relaxed."
    assert room.policy.level is Level.RELAXED


def test_there_is_nothing_to_moderate_in_a_direct_message(room: Room) -> None:
    document = event("interaction_serve_in_dm")
    document["data"] = {
        "id": "3",
        "name": ADMIN,
        "type": 1,
        "options": [{"name": "log", "type": 1}],
    }
    assert "for servers" in room.answer(document)


def test_a_ban_is_for_some_hours_or_until_it_is_lifted(room: Room) -> None:
    assert room.use("ban", member=MEMBER, hours=2) == f"Done: banned <@{MEMBER}> for 2 h."
    terms = room.moderation.look(GUILD, MEMBER).terms
    assert (terms.banned, terms.banned_until) == (True, room.clock() + 7200)
    assert "until it is lifted" in room.use("ban", member=MEMBER, reason="spam")
    assert room.moderation.look(GUILD, MEMBER).terms.banned_until is None
    room.use("unban", member=MEMBER)
    assert not room.moderation.look(GUILD, MEMBER).terms.banned


def test_limits_are_for_one_member_or_for_all_and_0_lifts_them(room: Room) -> None:
    room.use("limits", jobs_at_once=2)
    room.use("limits", jobs_at_once=1, member=MEMBER)
    look = room.moderation.look(GUILD, MEMBER)
    assert (look.policy.jobs_at_once, look.terms.jobs_at_once) == (2, 1)
    assert "no limit but their tier's" in room.use("limits", jobs_at_once=0, member=MEMBER)
    assert room.moderation.look(GUILD, MEMBER).terms.jobs_at_once is None


def test_credits_are_seen_and_set_and_that_is_logged(room: Room) -> None:
    assert "not limited so far" in room.use("limits", member=MEMBER)
    assert room.use("limits", member=MEMBER, credits=50) == f"Done: left <@{MEMBER}> 50 credits."
    assert room.store.account(MEMBER).balance == 50
    assert "50 left, 0 set aside, 0 used so far" in room.use("limits", member=MEMBER)
    assert f"left <@{MEMBER}> 50 credits" in room.use("log")
    assert "manage this server" in room.use("limits", 0, member=MEMBER, credits=9)
    assert room.store.account(MEMBER).balance == 50


def test_credits_are_set_only_in_servers_that_the_operator_named() -> None:
    room = Room(credit_guilds=["1"])
    assert room.use("limits", member=MEMBER, credits=50) == NOT_HERE
    assert "Credits" not in room.use("limits", member=MEMBER)
    assert (room.store.ledger(MEMBER), room.moderation.entries) == ([], {})


def test_limits_without_a_change_are_shown(room: Room) -> None:
    assert "what their tier allows" in room.use("limits")
    room.use("limits", jobs_at_once=2)
    assert "at once:** 2" in room.use("limits")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"credits": 5}, "choose a `member`"),
        ({"credits": 5, "member": MEMBER, "jobs_at_once": 1}, "one thing at a time"),
    ],
)
def test_credits_are_one_member_s_and_one_change(
    room: Room, options: dict[str, Any], words: str
) -> None:
    assert words in room.use("limits", **options)


def test_words_are_added_shown_and_removed(room: Room) -> None:
    room.use("rules", add="Red-Nose")
    room.use("rules", add="cl\u00f6wn")
    assert room.policy.words == {"red nose", "clown"}
    assert "clown, red nose" in room.use("rules")
    assert "standard (as everywhere)" in room.use("rules")
    room.use("rules", remove="RED nose")
    assert room.policy.words == {"clown"}
    assert "not on this server's list" in room.use("rules", remove="mime")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"add": "..."}, "letters or digits"),
        ({"level": "harsh"}, "relaxed, standard, strict"),
        ({"level": "strict", "add": "clown"}, "one thing at a time"),
    ],
)
def test_a_moderator_s_mistake_is_told(room: Room, options: dict[str, str], words: str) -> None:
    assert words in room.use("rules", **options)
    assert room.policy == GuildPolicy()


def test_a_list_of_words_does_not_grow_for_ever(room: Room) -> None:
    for number in range(MOST_WORDS):
        room.use("rules", add=f"word{number}")
    assert "Remove one first" in room.use("rules", add="more")


def test_a_category_which_no_request_comes_from_cannot_be_chosen_to_be_closed() -> None:
    [part] = [part for part in admin_command()["options"] if part["name"] == "channel"]
    [which] = [option for option in part["options"] if option["name"] == "channel"]
    assert {0, 11, 15} <= set(which["channel_types"])
    assert 4 not in which["channel_types"]


def test_channels_are_closed_and_opened_this_one_if_none_is_named(room: Room) -> None:
    room.use("channel", do="close")
    room.use("channel", do="close", channel="400000000000000021")
    assert room.policy.closed_channels == {CHANNEL, "400000000000000021"}
    assert f"<#{CHANNEL}>" in room.use("channel")
    room.use("channel", do="open")
    assert room.policy.closed_channels == {"400000000000000021"}
    room.use("channel", do="open", channel="400000000000000021")
    assert "every channel" in room.use("channel")


def test_the_log_says_who_did_what_and_why_and_what_the_rules_decided(room: Room) -> None:
    assert room.use("log").count("nothing yet") == 2
    room.use("ban", member=MEMBER, reason="spam @everyone `x`")
    room.moderation.record(Decision("9", 1.0, MEMBER, GUILD, "refuse", "nudity", "1", "ab", "text"))
    said = room.use("log")
    assert f"<@{MODERATOR}>: banned <@{MEMBER}> until it is lifted" in said
    assert "spam" in said
    assert f"<@{MEMBER}>: refused, `nudity`" in said
    assert "text" not in said


def test_a_moderator_is_answered_in_their_language_whoever_did_it(room: Room) -> None:
    room.locale = "de"
    assert room.use("ban", member=MEMBER, hours=2) == f"Erledigt: <@{MEMBER}> für 2 h gesperrt."
    assert "Regeln auf streng gesetzt" in room.use("rules", level="strict")
    assert "noch nichts" in room.use("log")
    assert "Nicht erwünscht" not in room.use("rules")
    assert "höchstens 60" in room.use("rules", add="...")
    for locale, ban, level in (
        ("fr", f"<@{MEMBER}> banni pour 2 h", "règles réglées sur strict"),
        ("en-US", f"banned <@{MEMBER}> for 2 h", "set the rules to strict"),
    ):
        room.locale = locale
        said = room.use("log")
        assert f"<@{MODERATOR}>: {ban}" in said
        assert f"<@{MODERATOR}>: {level}" in said


def test_what_the_log_kept_in_english_alone_is_shown_as_it_is(room: Room) -> None:
    room.use("unban", member=MEMBER)
    [entry] = room.moderation.entries.values()
    room.moderation.entries[entry.entry_id] = replace(entry, done=Done("set {this} up"))
    room.locale = "de"
    assert f"<@{MODERATOR}>: set {{this}} up" in room.use("log")


def test_whatever_is_decided_has_a_word_in_the_log(room: Room) -> None:
    assert set(DECIDED) == {*Action, *PictureAction} - {Action.MARK}  # which decides nothing
    for number, action in enumerate(("refuse", "hide", "of a later version")):
        decision = Decision(f"{number}", 1.0, MEMBER, GUILD, action, "nudity", "1", "ab")
        room.moderation.record(decision)
    room.locale = "de"
    said = room.use("log")
    for word in ("abgelehnt", "Bild weggelassen", "of a later version"):
        assert f"<@{MEMBER}>: {word}, `nudity`" in said


def test_two_moderators_at_once_both_have_their_way(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others = room.moderation.set_policy, [True]

    def meet_another(*change: Any) -> None:
        if others.pop():
            others.append(False)
            room.use("rules", add="first")
            raise StoreConflict("met another")
        others.append(False)
        write(*change)

    monkeypatch.setattr(room.moderation, "set_policy", meet_another)
    room.use("rules", add="second")
    assert room.policy.words == {"first", "second"}


def test_who_is_never_first_is_told_to_try_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise StoreConflict("met another")

    monkeypatch.setattr(room.moderation, "set_policy", never)
    assert room.use("rules", level="strict") == MET_OTHERS


@pytest.mark.parametrize(
    "data",
    [
        {"name": ADMIN},
        {"name": ADMIN, "options": []},
        {"name": ADMIN, "options": [{"name": "ban", "type": 1}]},
        {"name": ADMIN, "options": [{"name": "burn", "type": 1}]},
        {"name": ADMIN, "options": [{"name": "ban", "type": 1, "options": [{"name": "member"}]}]},
    ],
)
def test_an_admin_command_that_makes_no_sense_is_answered_kindly(
    room: Room, data: dict[str, Any]
) -> None:
    document = event("interaction_serve")
    document["member"]["permissions"] = str(MANAGE_SERVER)
    document["data"] = data
    assert "cannot read" in room.answer(document)
