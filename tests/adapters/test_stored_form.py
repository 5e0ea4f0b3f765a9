"""What is stored outlives a deployment: each change of its form has a number and a note.

`python -m tests.adapters.test_stored_form` writes the example of the present form, which is kept
for good: whatever a deployment has ever stored must stay readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from distillery.aws import moderation_items as moderation
from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.aws.job_record import from_item, to_item
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.aws.stored_form import STORED_FORM
from distillery.core import keys
from distillery.core.circuit import Circuit
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.parent import Parent
from distillery.core.ports import DeadLetter, LetterSource
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier
from local.plain_table import create_table
from tests.adapters.conftest import REGION, TABLE
from tests.adapters.test_moderation import DECISION, ENTRY, POLICY, STRUCK, TERMS

EXAMPLES = Path(__file__).parent / "stored_forms"
ROOT = Path(__file__).parents[2]
NOW = 1_790_000_000.0
LOG_IN_EVERY_LANGUAGE = COUNTED_AS_SEEN = 4
"""The form since which the log keeps its texts apart from what stands in them, and a request which
number the picture has that it goes on from."""
Item = Mapping[str, Any]

WHOLE = Job(
    job_id="1001",
    origin=Origin("1", "token", "42", "7", guild_id="10"),
    request=Request(
        "plain",
        {"prompt": "a red fox"},
        {"image": Attachment("fox.png", "https://example.com/fox.png", "image/png", 5, "a/key")},
    ),
    created_at=NOW,
    tier=Tier(credits=5),
    charge=1,
    parent=Parent("1000", "vary", 0, "2000", 1),
    only_on="runpod",
    parts=("1001", "1002"),
    due_at=NOW,
)
"""A job of which every attribute holds something, once it has been through everything below."""


def stored_now() -> list[Item]:
    """Items of every kind, as today's code stores them."""
    with mock_aws():
        client: Any = botocore.session.get_session().create_client("dynamodb", region_name=REGION)
        create_table(client, TABLE)
        store, records = DynamoJobStore(client, TABLE), DynamoProviderRecords(client, TABLE)
        job = replace(WHOLE, job_id="1002", due_at=NOW)
        store.create(job)
        waiting = replace(job, start_tag=1.0, times=MappingProxyType({"admitted": NOW}))
        store.move(job, waiting)
        taken = waiting.dispatched("runpod", NOW)
        store.move(waiting, taken, slot_limit=2)
        made = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
        store.move(taken, taken.concluded(made, NOW, NOW + 40))
        records.set_circuit("runpod", Circuit(), Circuit(failures=1))
        DynamoDeadLetters(client, TABLE).keep(
            DeadLetter("a", int(NOW * 1000), LetterSource.QUEUE, "{}", "why", "1001")
        )
        for item in settled():
            client.put_item(TableName=TABLE, Item=item)
        found: list[Item] = client.scan(TableName=TABLE)["Items"]
        return found


def settled() -> Iterator[Item]:
    """What cannot all be true of one job, and what moderators have settled."""
    picture = Picture("0_9.png", "image/png", 5)
    outcome = Outcome(pictures=(picture,), error="none", error_kind="lost")
    yield to_item(replace(WHOLE, outcome=outcome, provider="runpod", provider_job_id="p"))
    yield to_item(replace(WHOLE, job_id="1003", start_tag=2.0))
    yield moderation.policy_item("10", POLICY)
    yield moderation.terms_item("10", "42", TERMS)
    yield moderation.standing_item("42", STRUCK)
    yield moderation.decision_item(replace(DECISION, text="words"))
    yield moderation.entry_item(ENTRY)


def form(items: Iterable[Item]) -> dict[str, list[str]]:
    """The attributes of each kind of item with their types, and what is in those that are JSON."""
    found: dict[str, set[str]] = {}
    for item in items:
        kind = "/".join(re.sub(r"#.*", "#", str(item[key]["S"])) for key in ("pk", "sk"))
        kind = re.sub(r"/\d+#$|/runpod$", "/*", kind)
        for name, value in item.items():
            [(of_type, content)] = value.items()
            found.setdefault(kind, set()).add(f"{name}: {of_type}")
            if of_type == "S" and content.startswith(("{", "[")):
                paths = inside(json.loads(content), name)
                found[kind] |= set(paths)
    return {kind: sorted(attributes) for kind, attributes in sorted(found.items())}


def inside(document: Any, path: str) -> Iterator[str]:
    """The paths of a document's fields; what members name themselves is `*`."""
    if isinstance(document, list):
        for part in document:
            yield from inside(part, f"{path}[]")
    elif isinstance(document, dict):
        for name, part in document.items():
            own = "*" if path in ("request.values", "request.attachments") else name
            yield f"{path}.{own}"
            yield from inside(part, f"{path}.{own}")


def places() -> dict[str, str]:
    """Where the objects of an attempt lie."""
    return {
        "progress": keys.progress_key("1001", 1),
        "result": keys.result_key("1001", 1),
        "claim": keys.claim_key("1001", 1),
        "cancel": keys.cancel_key("1001", 1),
        "output": keys.output_key("1001", 1, "0_9.png"),
        "input": keys.input_key("1001", "image"),
    }


def example(number: int) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EXAMPLES / f"{number}.json").read_text())
    return read


def test_a_change_of_what_is_stored_raises_the_number_of_its_form() -> None:
    kept, now = example(STORED_FORM), stored_now()
    told = (
        "What is stored has another form. Raise STORED_FORM in distillery/aws/stored_form.py, say "
        "in docs/migrations.md what follows from it, and run "
        "python -m tests.adapters.test_stored_form"
    )
    assert form(now) == form(kept["items"]), told
    assert places() == kept["objects"], told


def test_every_form_has_a_note_and_an_example() -> None:
    notes = re.findall(r"^## Form (\d+)", (ROOT / "docs" / "migrations.md").read_text(), re.M)
    expected = list(range(STORED_FORM, 0, -1))

    assert list(map(int, notes)) == expected, "docs/migrations.md: a note for each, newest first"
    assert sorted(int(file.stem) for file in EXAMPLES.iterdir()) == expected[::-1]


@pytest.mark.parametrize("number", range(1, STORED_FORM + 1))
def test_what_any_form_has_stored_is_read_today(number: int, dynamodb: Any) -> None:
    for item in example(number)["items"]:
        dynamodb.put_item(TableName=TABLE, Item=item)
    store, records = DynamoJobStore(dynamodb, TABLE), DynamoProviderRecords(dynamodb, TABLE)

    job = store.load("1001")
    assert job is not None
    assert (job.request.workflow, job.parts) == ("plain", WHOLE.parts)
    assert job.parent is not None
    assert job.parent.number == (1 if number >= COUNTED_AS_SEEN else None)
    assert replace(job.parent, number=1) == WHOLE.parent
    assert job.outcome is not None
    assert store.account("42").balance is not None
    assert records.all()["runpod"].circuit.failures == 1
    [letter] = DynamoDeadLetters(dynamodb, TABLE).list(5)
    assert letter.job_id == "1001"
    kinds = {form([item]).popitem()[0]: item for item in example(number)["items"]}
    assert moderation.policy_from(kinds["GUILD#/POLICY"]) == POLICY
    assert moderation.terms_from(kinds["GUILD#/MEMBER#"]) == TERMS
    assert moderation.standing_from(kinds["MEMBER#/STANDING"]) == STRUCK
    entry = moderation.entry_from(kinds["GUILD#/AUDIT#"])
    assert (str(entry.done), entry.reason) == ("banned <@42>", "spam")
    assert (entry == ENTRY) == (number >= LOG_IN_EVERY_LANGUAGE)


def test_the_version_before_reads_what_the_next_one_adds() -> None:
    """While a deployment moves the rooms on, both read what the other has written."""
    item = to_item(replace(WHOLE, outcome=Outcome(pictures=(Picture("a.png", "image/png", 1),))))
    for name in ("origin", "tier", "parent", "outcome", "request"):
        item[name] = {"S": json.dumps({**json.loads(item[name]["S"]), "added_later": 1})}
    item["added_later"] = {"S": "x"}

    assert from_item(item) == from_item(to_item(from_item(item)))


if __name__ == "__main__":
    EXAMPLES.mkdir(exist_ok=True)
    text = json.dumps({"objects": places(), "items": stored_now()}, indent=1, sort_keys=True)
    (EXAMPLES / f"{STORED_FORM}.json").write_text(text + "\n")
