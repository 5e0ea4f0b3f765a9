"""Every order is looked at before anything is written: rules, moderators, earlier refusals."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pytest

from distillery.core.accept_job import AcceptJob
from distillery.core.errors import NotServed, StoreConflict
from distillery.core.job import Job, Origin
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.penalties import Penalties, Penalty
from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    Done,
    GuildPolicy,
    MemberTerms,
    Standing,
)
from distillery.core.order import Order
from distillery.core.recipes.recipe import Attachment
from distillery.core.rules.rule import Action, Level, Rule, Rules
from distillery.core.rules.rule_book import RuleBook
from distillery.core.tier import Tier
from local.memory import FakeClock, MemoryQueue, MemoryTelemetry
from local.memory_moderation import MemoryModeration
from local.memory_store import MemoryJobStore
from tests.core.world import CDN, RECIPE

FLAGGED = dataclasses.replace(
    RECIPE, options=tuple(dataclasses.replace(o, flag=o.name) for o in RECIPE.options)
)
GUILD, MEMBER, CHANNEL = "10", "42", "20"
RULES = Rules(
    "7",
    [
        Rule("never", "n", Action.REFUSE, message="Leave it out.", words=["never"]),
        Rule("adult", "a", Action.AGE_RESTRICTED, message="Not here.", words=["grownup"]),
        Rule("mild", "m", Action.REFUSE, Level.STRICT, "Milder.", words=["mildly"]),
        Rule("swap", "s", Action.REPLACE, replacement="ink", words=["blood"]),
    ],
)
RUNGS = Penalties(
    (Penalty("pause", 2, 10), Penalty("gray-list", 3, 60), Penalty("block", 4, 1000)), 120
)


class Door:
    """Accepting orders, with everything in memory."""

    def __init__(self, **changes: Any) -> None:
        self.clock = FakeClock()
        self.moderation = MemoryModeration()
        self.telemetry = MemoryTelemetry()
        self.store = MemoryJobStore()
        self.check = CheckContent(
            RuleBook(RULES), self.moderation, self.telemetry, self.clock, RUNGS, **changes
        )
        self.accept = AcceptJob(
            recipes={"plain": FLAGGED},
            store=self.store,
            queue=MemoryQueue(),
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({CDN}),
            tiers=(Tier(jobs_at_once=5),),
            check_content=self.check,
        )
        self.asked = 1000

    def ask(self, prompt: str = "a fox", *, again: bool = False, **origin: Any) -> Job:
        self.asked += not again
        where = Origin("1", "token", MEMBER, CHANNEL, GUILD)
        options: dict[str, Any] = {"prompt": prompt}
        if file := origin.pop("file", None):
            options["image"] = Attachment(file, f"{CDN}/x.png", "image/png", 9)
        order = Order(str(self.asked), dataclasses.replace(where, **origin), None, options)
        return self.accept(order)

    def refusal(self, prompt: str, **origin: Any) -> str:
        with pytest.raises(NotServed) as caught:
            self.ask(prompt, **origin)
        return str(caught.value)

    def settle(self, **changes: Any) -> None:
        before = self.moderation.look(GUILD, MEMBER).policy
        after = GuildPolicy(revision=before.revision + 1, **changes)
        self.moderation.set_policy(before, after, AuditEntry("1", 0.0, GUILD, "9", Done("done")))

    def set_terms(self, **changes: Any) -> None:
        before = self.moderation.look(GUILD, MEMBER).terms
        after = MemberTerms(revision=before.revision + 1, **changes)
        self.moderation.set_terms(
            MEMBER, before, after, AuditEntry("2", 0.0, GUILD, "9", Done("done"))
        )


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_refused_order_leaves_nothing_but_its_record(door: Door) -> None:
    assert door.refusal("a secret n e v e r") == "Leave it out."
    assert door.store.table.jobs == {}
    [decision] = door.moderation.kept.values()
    assert (decision.rule_id, decision.rules_version, decision.action) == ("never", "7", "refuse")
    assert (decision.user_id, decision.guild_id, decision.at) == (MEMBER, GUILD, door.clock())
    assert decision.text is None
    assert len(decision.text_hash) == 64


def test_no_word_of_a_refused_text_is_logged_or_kept(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door.refusal('never\n{"level": "ERROR"} ${jndi:x}')
    everything = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    everything += str(door.moderation.kept)
    assert "jndi" not in everything
    assert "ERROR" not in caplog.text


def test_a_text_is_kept_where_the_operator_has_chosen_so() -> None:
    door = Door(keep_text=True)
    door.refusal("never ever")
    assert [decision.text for decision in door.moderation.kept.values()] == ["never ever"]


def test_the_same_text_has_the_same_hash_and_another_has_another(door: Door) -> None:
    for prompt in ("never", "never", "never ever"):
        with pytest.raises(NotServed):
            door.check(
                Order("1", Origin("1", "", f"{len(prompt)}{door.asked}", "2"), None, {}),
                {"prompt": prompt},
            )
        door.moderation.standings.clear()
        door.asked += 1
    assert len({d.text_hash for d in door.moderation.kept.values()}) == 1
    door.refusal("never ever")
    assert len({d.text_hash for d in door.moderation.kept.values()}) == 2


@pytest.mark.parametrize(
    ("prompt", "file"),
    [("a fox --seed 7 n-e-v-e-r", None), ("nev\u200ber", None), ("a fox", "never.png")],
)
def test_flags_and_names_of_files_are_looked_at_too(
    door: Door, prompt: str, file: str | None
) -> None:
    assert door.refusal(prompt, file=file) == "Leave it out."


def test_a_phrase_that_a_flag_parts_is_found(door: Door) -> None:
    rules = Rules("1", [Rule("p", "p", Action.REFUSE, message="No.", phrases=["red fox"])])
    check = dataclasses.replace(door.check, book=RuleBook(rules))
    door.accept = dataclasses.replace(door.accept, check_content=check)
    assert door.refusal("a red --seed 7 fox") == "No."


def test_adult_content_is_for_age_restricted_channels_of_a_guild(door: Door) -> None:
    assert door.refusal("grownup") == "Not here."
    assert door.ask("grownup", age_restricted=True)
    assert door.refusal("grownup", guild_id=None, age_restricted=True).startswith("Not here.")


def test_direct_messages_are_judged_more_strictly_than_guilds(door: Door) -> None:
    assert door.ask("mildly")
    assert door.refusal("mildly", guild_id=None) == "Milder."
    assert Door(message_level=Level.STANDARD).ask("mildly", guild_id=None)


def test_a_word_in_a_file_s_name_is_nothing_to_replace(door: Door) -> None:
    job = door.ask("a fox", file="blood.png")
    assert set(job.request.values) == {"prompt", "seed"}
    assert job.request.attachments["image"].filename == "blood.png"


def test_a_replaced_word_is_recorded_and_the_job_has_the_other(door: Door) -> None:
    job = door.ask("blood on snow")
    assert job.request.values["prompt"] == "ink on snow"
    assert [d.action for d in door.moderation.kept.values()] == ["replace"]
    assert door.moderation.standings == {}


def test_a_guild_s_own_level_and_words_hold_there(door: Door) -> None:
    door.settle(level=Level.STRICT, words=frozenset({"clown"}))
    assert door.refusal("mildly") == "Milder."
    assert "moderators" in door.refusal("a cl0wn")
    assert door.ask("a clown", guild_id="11", user_id="43")


def test_nothing_is_made_in_a_closed_channel(door: Door) -> None:
    door.settle(closed_channels=frozenset({CHANNEL}))
    assert "another one" in door.refusal("a fox")
    assert door.ask("a fox", channel_id="21")


def test_a_closed_channel_is_closed_with_its_threads(door: Door) -> None:
    door.settle(closed_channels=frozenset({CHANNEL}))
    assert "another one" in door.refusal("a fox", channel_id="21", parent_channel_id=CHANNEL)
    assert door.ask("a fox", channel_id="21", parent_channel_id="22")


def test_a_ban_holds_in_its_guild_and_until_its_end(door: Door) -> None:
    door.set_terms(banned=True, banned_until=door.clock() + 60)
    assert f"until <t:{int(door.clock()) + 60}:f>" in door.refusal("a fox")
    assert door.ask("a fox", guild_id="11")
    door.clock.pass_time(61)
    assert door.ask("a fox")
    door.set_terms(banned=True)
    assert door.refusal("a fox") == "Moderators of this server do not take requests of yours."


def test_moderators_may_limit_what_a_member_has_under_way(door: Door) -> None:
    assert door.ask().tier.jobs_at_once == 5
    door.settle(jobs_at_once=2)
    assert door.ask().tier.jobs_at_once == 2
    door.set_terms(jobs_at_once=4)
    assert door.ask().tier.jobs_at_once == 4
    door.set_terms(jobs_at_once=9)
    assert door.ask().tier.jobs_at_once == 5


def test_repeated_refusals_bring_a_pause_then_the_gray_list_then_a_block(door: Door) -> None:
    assert door.refusal("never") == "Leave it out."
    assert "ask again" in door.refusal("never")
    assert "ask again" in door.refusal("a fox"), "it is a pause for all requests"
    door.clock.pass_time(10 * 60)
    assert "one request at a time" in door.refusal("never")
    assert door.ask("a fox").tier.jobs_at_once == 1
    assert "so often" in door.refusal("mildly"), "it is judged at the strictest level"
    door.clock.pass_time(999 * 60)
    assert "so often" in door.refusal("a fox")
    door.clock.pass_time(60)
    assert door.ask("a fox").tier.jobs_at_once == 5


def test_old_refusals_are_forgotten(door: Door) -> None:
    door.refusal("never")
    door.clock.pass_time(121 * 60)
    assert door.refusal("never") == "Leave it out."


def test_a_second_delivery_of_a_refused_order_counts_once(door: Door) -> None:
    for _ in range(9):
        door.refusal("never", again=door.asked > 1000)
    assert door.moderation.look(GUILD, MEMBER).standing.refusals == 1


def test_a_refusal_is_counted_though_another_one_was_first(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = door.moderation.refuse
    others = [1]

    def meet_another(decision: Decision, before: Standing, after: Standing) -> None:
        if others.pop():
            others.append(0)
            refuse(dataclasses.replace(decision, decision_id="1"), before, after)
            raise StoreConflict("met another")
        others.append(0)
        refuse(decision, before, after)

    monkeypatch.setattr(door.moderation, "refuse", meet_another)
    door.refusal("never")
    assert door.moderation.look(GUILD, MEMBER).standing.refusals == 2
    assert len(door.moderation.kept) == 2
