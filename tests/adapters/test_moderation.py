"""The records of moderation, in memory and on DynamoDB."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from distillery.aws.moderation import DynamoModeration
from distillery.core.errors import AlreadyDecided, StoreConflict
from distillery.core.moderation.ports import Moderation
from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    Done,
    GuildPolicy,
    Look,
    MemberTerms,
    Standing,
)
from distillery.core.rules.rule import Level
from local.memory_moderation import MemoryModeration
from tests.adapters.conftest import TABLE

NOW = 1_790_000_000.0
DECISION = Decision("400000000000000101", NOW, "42", "10", "refuse", "sexual", "7", "ab" * 32)
STRUCK = Standing(1, NOW, "pause", NOW + 60, 1)
POLICY = GuildPolicy(Level.STRICT, frozenset({"clown", "red nose"}), frozenset({"20"}), 2, 1)
TERMS = MemberTerms(banned=True, banned_until=NOW + 9.5, jobs_at_once=1, revision=1)
DONE = Done("banned <@{member}>", {"member": "42"})
ENTRY = AuditEntry("400000000000000201", NOW, "10", "9", DONE, "spam")


@pytest.fixture(params=["memory", "dynamodb"])
def moderation(request: pytest.FixtureRequest) -> Moderation:
    if request.param == "memory":
        return MemoryModeration()
    return DynamoModeration(request.getfixturevalue("dynamodb"), TABLE)


def numbered(decision: Decision, number: int) -> Decision:
    return dataclasses.replace(decision, decision_id=str(number))


def test_nothing_is_settled_at_first(moderation: Moderation) -> None:
    assert moderation.look("10", "42") == Look()
    assert moderation.look(None, "42") == Look()
    assert (moderation.decisions("10", 5), moderation.log("10", 5)) == ([], [])


def test_all_that_is_settled_is_read_together(moderation: Moderation) -> None:
    moderation.set_policy(GuildPolicy(), POLICY, ENTRY)
    moderation.set_terms("42", MemberTerms(), TERMS, ENTRY)
    moderation.refuse(DECISION, Standing(), STRUCK)
    assert moderation.look("10", "42") == Look(POLICY, TERMS, STRUCK)
    assert moderation.look("11", "42") == Look(standing=STRUCK)
    assert moderation.look("10", "43") == Look(policy=POLICY)
    assert moderation.look(None, "42") == Look(standing=STRUCK)


def test_what_is_settled_can_be_unsettled(moderation: Moderation) -> None:
    moderation.set_policy(GuildPolicy(), POLICY, ENTRY)
    moderation.set_policy(POLICY, GuildPolicy(revision=2), ENTRY)
    moderation.set_terms("42", MemberTerms(), TERMS, ENTRY)
    moderation.set_terms("42", TERMS, MemberTerms(revision=2), ENTRY)
    assert moderation.look("10", "42") == Look(GuildPolicy(revision=2), MemberTerms(revision=2))


@pytest.mark.parametrize(
    "write",
    [
        lambda m: m.set_policy(GuildPolicy(), POLICY, ENTRY),
        lambda m: m.set_terms("42", MemberTerms(), TERMS, ENTRY),
        lambda m: m.refuse(numbered(DECISION, 7), Standing(), STRUCK),
    ],
)
def test_who_has_not_seen_the_last_change_changes_nothing(
    moderation: Moderation, write: Callable[[Moderation], None]
) -> None:
    moderation.set_policy(GuildPolicy(), POLICY, ENTRY)
    moderation.set_terms("42", MemberTerms(), TERMS, ENTRY)
    moderation.refuse(DECISION, Standing(), STRUCK)
    with pytest.raises(StoreConflict):
        write(moderation)
    assert [d.decision_id for d in moderation.decisions("10", 9)] == [DECISION.decision_id]


def test_one_interaction_is_refused_once(moderation: Moderation) -> None:
    moderation.refuse(DECISION, Standing(), STRUCK)
    with pytest.raises(AlreadyDecided):
        moderation.refuse(DECISION, STRUCK, dataclasses.replace(STRUCK, refusals=2, revision=2))
    assert moderation.look("10", "42").standing == STRUCK


def test_a_decision_that_is_repeated_is_one_record(moderation: Moderation) -> None:
    moderation.record(DECISION)
    moderation.record(DECISION)
    assert moderation.decisions("10", 5) == [DECISION]


@pytest.mark.parametrize("text", [None, "a text 🦊"])
def test_decisions_are_listed_the_latest_first(moderation: Moderation, text: str | None) -> None:
    made = [dataclasses.replace(numbered(DECISION, n), text=text) for n in (9, 10, 100)]
    for decision in made:
        moderation.record(decision)
    moderation.record(dataclasses.replace(DECISION, guild_id=None))
    moderation.record(dataclasses.replace(numbered(DECISION, 5), guild_id="11"))
    assert moderation.decisions("10", 2) == made[:0:-1]
    assert moderation.decisions("10", 9) == made[::-1]


def test_what_moderators_did_is_listed_the_latest_first(moderation: Moderation) -> None:
    later = dataclasses.replace(ENTRY, entry_id="400000000000000202", reason="")
    moderation.set_policy(GuildPolicy(), POLICY, ENTRY)
    moderation.set_terms("42", MemberTerms(), TERMS, later)
    assert moderation.log("10", 9) == [later, ENTRY]
    assert moderation.log("10", 1) == [later]
    assert moderation.log("11", 9) == []


def test_the_key_stays_the_same(moderation: Moderation) -> None:
    assert moderation.hash_key() == moderation.hash_key() != b""


def test_all_rooms_hash_with_one_key_that_nobody_can_guess(dynamodb: Any) -> None:
    first, second = (DynamoModeration(dynamodb, TABLE).hash_key() for _ in range(2))
    assert first == second
    assert len(first) == 32


def test_the_table_forgets_decisions_standings_and_the_log(dynamodb: Any) -> None:
    moderation = DynamoModeration(dynamodb, TABLE)
    moderation.refuse(DECISION, Standing(), STRUCK)
    moderation.set_policy(GuildPolicy(), POLICY, ENTRY)
    items = dynamodb.scan(TableName=TABLE)["Items"]
    days = {
        item["sk"]["S"].split("#")[0]: (int(item["expires_at"]["N"]) - NOW) / 86400
        for item in items
        if "expires_at" in item
    }
    assert {name: round(age) for name, age in days.items()} == {
        "DECISION": 90,
        "AUDIT": 365,
        "STANDING": 30,
    }
