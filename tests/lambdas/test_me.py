"""`/me`: what a member may, what is left, and what stands against them."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from distillery.core.job import Outcome, Picture
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.records import GuildPolicy, Look, MemberTerms, Standing
from distillery.core.rules.rule import Rules
from distillery.core.rules.rule_book import RuleBook
from local.memory import FakeClock, MemoryTelemetry
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import GOLD, MEMBER, Room, ended

LATER = 4_000_000_000


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("recorded", ["interaction_serve", "interaction_serve_in_dm"])
def test_me_says_what_a_member_may_and_what_is_left(room: Room, recorded: str) -> None:
    ended(room, room.ask_for("an owl"), Outcome(pictures=(Picture("0_9.png", "image/png", 4),)))
    job = room.ask_for("a fox")
    room.move(job, job.admitted(0.0, room.clock()))
    assert room.use("me", recorded).splitlines() == [
        "**Your account**",
        "- Tier: free",
        "- On their way: 1 of the 1 that may be at once",
        "- Credits: 3 left, 1 used so far",
        "- Credits set aside for open requests: 1",
        "- Asked for: 2 today, 2 this month",
        "-# A day begins at midnight UTC. A request that fails costs nothing.",
    ]


def test_me_tells_a_member_with_a_better_tier_of_it(room: Room) -> None:
    document = event("interaction_serve") | {"data": {"id": "3", "name": "me", "type": 1}}
    document["member"]["roles"] = [GOLD]
    _, answer = room.answer(json.dumps(document).encode())
    assert "- Tier: gold" in answer["data"]["content"]
    assert "0 of the 9 that may be at once" in answer["data"]["content"]
    assert "not limited; 0 used" in answer["data"]["content"]


NOTICES = [
    ({"standing": Standing(penalty="pause", until=LATER)}, f"ask again <t:{LATER}:f>"),
    ({"standing": Standing(penalty="block", until=LATER)}, f"none is taken until <t:{LATER}:f>"),
    (
        {"standing": Standing(penalty="gray-list", until=LATER)},
        f"until <t:{LATER}:f> the strictest",
    ),
    ({"terms": MemberTerms(banned=True)}, "do not take requests of yours."),
    ({"terms": MemberTerms(banned=True, banned_until=LATER)}, f"until <t:{LATER}:f>."),
    ({"policy": GuildPolicy(closed_channels=frozenset({"400000000000000020"}))}, "closed this"),
]


def me_of_gold(look: Look, **channel: Any) -> str:
    """What `/me` says to a member of whom nine requests may be under way at once."""
    moderation = Mock(look=Mock(return_value=look))
    book, clock = RuleBook(Rules("1", [])), FakeClock()
    room = Room(check_content=CheckContent(book, moderation, MemoryTelemetry(), clock))
    document = event("interaction_serve") | {"data": {"id": "3", "name": "me", "type": 1}}
    document["member"]["roles"] = [GOLD]
    document["channel"] |= channel
    _, answer = room.answer(json.dumps(document).encode())
    moderation.look.assert_called_once_with(document["guild_id"], MEMBER)
    return str(answer["data"]["content"])


@pytest.mark.parametrize(("settled", "told"), NOTICES)
def test_me_says_what_stands_against_a_member_and_until_when(
    settled: dict[str, Any], told: str
) -> None:
    [_, notice, *_] = me_of_gold(Look(**settled)).splitlines()
    assert notice.startswith("- ⚠️ ")
    assert told in notice


@pytest.mark.parametrize("kind", [0, 2, 10, 11, 12])
def test_a_thread_is_known_by_the_channel_that_it_lies_in(kind: int) -> None:
    """The parent of any other channel is a category, with channels that are not closed."""
    look = Look(policy=GuildPolicy(closed_channels=frozenset({"400000000000000021"})))
    said = me_of_gold(look, type=kind, parent_id="400000000000000021")
    assert ("closed this channel" in said) == (kind in (10, 11, 12))


@pytest.mark.parametrize(
    ("look", "most"),
    [
        (Look(policy=GuildPolicy(jobs_at_once=4)), 4),
        (Look(policy=GuildPolicy(jobs_at_once=4), terms=MemberTerms(jobs_at_once=2)), 2),
        (Look(standing=Standing(penalty="gray-list", until=LATER)), 1),
        (Look(standing=Standing(penalty="gray-list", until=1.0)), 9),
        (Look(policy=GuildPolicy(jobs_at_once=50)), 9),
    ],
)
def test_me_says_how_many_moderators_allow_at_once(look: Look, most: int) -> None:
    said = me_of_gold(look)
    assert f"0 of the {most} that may be at once" in said
    assert ("⚠️" in said) == (most == 1)


def test_yesterday_s_requests_are_not_today_s(room: Room) -> None:
    room.ask_for("a fox")
    room.clock.pass_time(86_400)
    assert "- Asked for: 0 today, 1 this month" in room.use("me")
