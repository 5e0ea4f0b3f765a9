"""Whichever way words come, the rules of content look at them before anything is queued."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from distillery.core.job import Job, Origin
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.cleared import Cleared
from distillery.core.order import Order
from distillery.core.rules.rule import Action, Rule, Rules
from distillery.core.rules.rule_book import RuleBook
from distillery.discord.command_style import CommandStyle
from local.memory import FakeClock, MemoryTelemetry
from local.memory_moderation import MemoryModeration
from tests.adapters.test_picture_request import itxt
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import RECIPES
from tests.lambdas.members_at_buttons import ButtonRoom

WORD, SAID = "quicksand", "Nothing with that here."
URL = "https://cdn.discordapp.com/attachments/1/2/fox.png?ex=1"


class Door:
    """Lets all pass until it is closed; then the rule holds."""

    def __init__(self) -> None:
        rule = Rule("sand", "sand", Action.REFUSE, message=SAID, words=[WORD])
        self.moderation = MemoryModeration()
        book = RuleBook(Rules("1", [rule]))
        self.check = CheckContent(book, self.moderation, MemoryTelemetry(), FakeClock())
        self.is_closed = self.never_closes = False

    def close(self) -> None:
        self.is_closed = not self.never_closes

    def __call__(self, order: Order, texts: Any) -> Cleared:
        return self.check(order, texts) if self.is_closed else Cleared()

    def of_member(self, origin: Origin) -> Cleared:
        return self.check.of_member(origin)


class Member(ButtonRoom):
    """Somebody who tries to get a word past the door."""

    def __init__(self, style: CommandStyle = CommandStyle.SERVE) -> None:
        self.door = Door()
        super().__init__(RECIPES, style, self.door)
        self.jobs_before = 0

    @property
    def made_since(self) -> int:
        """How many jobs there are that were not there when the door was closed."""
        return len(self.store.table.jobs) - self.jobs_before

    def made(self, *arguments: Any, **changes: Any) -> Job:
        """Ask for pictures and get them; then the rule holds."""
        job = super().made(*arguments, **changes)
        self.jobs_before = len(self.store.table.jobs)
        self.door.close()
        return job

    def use(self, recorded: str = "interaction_serve", name: str = "serve", **options: str) -> Any:
        document = event(recorded)
        given = [{"name": n, "type": 3, "value": v} for n, v in options.items()]
        kept = [one for one in document["data"]["options"] if one["type"] == 11]
        document["data"] |= {"name": name, "options": [*given, *kept]}
        for file in document["data"].get("resolved", {}).get("attachments", {}).values():
            file["filename"] = f"{WORD}.png"
        return self.told(document)

    def told(self, document: Any) -> Any:
        self.door.close()
        return self.answer(json.dumps(document).encode())[1]

    def pick(self, command: str, filename: str, data: bytes = b"") -> Any:
        """Pick a command from the menu of a message with a picture."""
        self.files[URL] = data
        file = {"id": "9", "filename": filename, "url": URL, "size": 5, "content_type": "image/png"}
        target = {"id": "77", "channel_id": "7", "content": "", "attachments": [file]}
        chosen = {"id": "3", "name": command, "type": 3, "target_id": "77"}
        chosen["resolved"] = {"messages": {"77": target}}
        return self.told({**event("interaction_serve"), "data": chosen})

    def with_form(self, values: dict[str, str]) -> Any:
        """Fill in the form of “Use as input”."""
        parts = [{"custom_id": name, "value": value} for name, value in values.items()]
        rows = [{"type": 1, "components": [{"type": 4, **part}]} for part in parts]
        self.door.close()
        return self._interact({"type": 5, "data": {"custom_id": "use", "components": rows}})


def said_in(picture_request: dict[str, Any]) -> bytes:
    return itxt(json.dumps(picture_request).encode())


def made_before(member: Member) -> str:
    """A request that was taken before the rule was there."""
    return member.made(prompt=WORD).job_id


PATHS: dict[str, Callable[[Member], Any]] = {
    "the prompt": lambda m: m.use(prompt=f"a fox in {WORD}"),
    "the prompt, hidden": lambda m: m.use(prompt="a fox in q.u.1.c.k.s.a.n.d"),
    "the prompt in a direct message": lambda m: m.use("interaction_serve_in_dm", prompt=WORD),
    "the negative prompt": lambda m: m.use(prompt="a fox", negative=WORD),
    "a flag": lambda m: m.use(prompt=f"a fox --neg {WORD}"),
    "the name of a file": lambda m: m.use(
        "interaction_serve_with_image", prompt="a fox", workflow="sdxl_image_to_image"
    ),
    "a form that edits": lambda m: m.submit(f"edit:{m.made().job_id}", {"prompt": WORD}),
    "a form that remixes": lambda m: m.submit(f"remix:{m.made().job_id}:0", {"prompt": WORD}),
    "the negative words of a form": lambda m: m.submit(
        f"edit:{m.made().job_id}", {"prompt": "a fox", "negative": WORD}
    ),
    "a flag in a form": lambda m: m.submit(
        f"edit:{m.made().job_id}", {"prompt": f"a fox --neg {WORD}"}
    ),
    "Again": lambda m: m.click(f"again:{made_before(m)}"),
    "the same seed again": lambda m: m.click(f"same:{made_before(m)}"),
    "Edit, unchanged": lambda m: m.submit(f"edit:{made_before(m)}", {"prompt": WORD}),
    "Vary": lambda m: m.click(f"vary:{made_before(m)}:0"),
    "Zoom out": lambda m: m.click(f"zoom:{made_before(m)}:0"),
    "Variations, of what a picture says": lambda m: m.pick(
        "Variations",
        "fox.png",
        said_in({"workflow": "sdxl_text_to_image", "options": {"prompt": WORD}}),
    ),
    "Upscale, of a file of that name": lambda m: m.pick("Upscale", f"{WORD}.png"),
    "Use as input": lambda m: m.with_form({"prompt": WORD, "address": URL}),
}


@pytest.mark.parametrize("path", PATHS)
def test_every_way_that_words_come_is_looked_at_before_anything_is_queued(path: str) -> None:
    member = Member()
    answer = PATHS[path](member)
    assert (answer["type"], answer["data"]["flags"]) == (4, 64), answer
    assert SAID in answer["data"]["content"]
    assert member.made_since == 0
    assert len(member.door.moderation.kept) == 1


def test_a_command_of_a_workflow_s_own_is_looked_at_as_well() -> None:
    member = Member(CommandStyle.PER_WORKFLOW)
    answer = member.use(name="sdxl_fast", prompt=WORD)
    assert SAID in answer["data"]["content"]
    assert member.made_since == 0


@pytest.mark.parametrize("path", PATHS)
def test_without_the_rule_the_same_way_leads_to_a_job(path: str) -> None:
    """So that the table above is about the rule, and not about a way that leads nowhere."""
    member = Member()
    member.door.never_closes = True
    assert PATHS[path](member) == {"type": 5}
