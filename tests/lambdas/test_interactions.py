from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from distillery.core.accept_job import AcceptJob
from distillery.core.job import Job, JobState, Outcome, Picture
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.cleared import ContentCheck, unchecked
from distillery.core.moderation.records import GuildPolicy, Look, MemberTerms, Standing
from distillery.core.recipes.recipe import Recipe
from distillery.core.rules.rule import Rules
from distillery.core.rules.rule_book import RuleBook
from distillery.core.tier import Tier
from distillery.discord.command_style import CommandStyle
from distillery.discord.signature import SignatureCheck
from distillery.recipe_files import load_recipes
from lambdas.interactions.handler import UNCERTAIN, Handler, build_handler
from lambdas.interactions.replies import build_replies
from local.memory import (
    FakeClock,
    MemoryFavourites,
    MemoryObjectStore,
    MemoryQueue,
    MemoryTelemetry,
)
from local.memory_store import MemoryJobStore
from tests.lambdas.conftest import KEY, event, signed

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
EPHEMERAL = 64
LATER = 4_000_000_000
MEMBER = "400000000000000042"
GOLD = "400000000000000077"
TIERS = (Tier("gold", jobs_at_once=9, role_id=GOLD), Tier("free", jobs_at_once=1, credits=5))


class Room:
    """The interactions room on a core in memory."""

    def __init__(
        self,
        recipes: Mapping[str, Recipe] = RECIPES,
        style: CommandStyle = CommandStyle.SERVE,
        check_content: ContentCheck = unchecked,
        tiers: Sequence[Tier] = TIERS,
    ) -> None:
        self.clock = FakeClock()
        self.store = MemoryJobStore()
        self.queue = MemoryQueue()
        self.telemetry = MemoryTelemetry()
        accept = AcceptJob(
            recipes=recipes,
            store=self.store,
            queue=self.queue,
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({"https://cdn.discordapp.com"}),
            tiers=tiers,
            check_content=check_content,
        )
        self.stores_opened = 0
        self.objects = MemoryObjectStore()
        self.files: dict[str, bytes] = {}
        self.favourites = MemoryFavourites()
        replies = build_replies(accept, self._objects, lambda: self, self.favourites, style)
        check = SignatureCheck(KEY.verify_key.encode().hex())
        self.handle: Handler = build_handler(check, replies, self.telemetry, self.clock)

    def fetch(self, url: str) -> tuple[bytes, bytes]:
        """Stand for Discord's CDN; an unknown file has nothing in it."""
        return self.files.get(url, b""), b""

    def _objects(self) -> MemoryObjectStore:
        self.stores_opened += 1
        return self.objects

    def answer(self, body: bytes, **kwargs: Any) -> tuple[int, dict[str, Any]]:
        response = self.handle(signed(body, self.clock(), **kwargs))
        assert response["headers"]["content-type"] == "application/json"
        return response["statusCode"], json.loads(response["body"])

    def serve(self, **changes: Any) -> dict[str, Any]:
        """Send /serve with the given options instead of the recorded ones; return the answer."""
        document = event("interaction_serve")
        kinds = {str: 3, int: 4, bool: 5, float: 10}
        document["data"]["options"] = [
            {"name": name, "type": kinds[type(value)], "value": value}
            for name, value in changes.items()
        ]
        status, answer = self.answer(json.dumps(document).encode())
        assert status == 200
        return answer

    def use(self, command: str, /, recorded: str = "interaction_serve", **options: str) -> str:
        """Use one of the commands that are answered at once; return the answer's text."""
        return str(self.used(command, recorded, **options)["content"])

    def used(self, command: str, /, recorded: str = "interaction_serve", **options: str) -> Any:
        """Use one of the commands that are answered at once; return the answer's message."""
        document = event(recorded)
        document["data"] = {"id": "400000000000000003", "name": command, "type": 1}
        if options:
            document["data"]["options"] = [
                {"name": name, "type": 3, "value": value} for name, value in options.items()
            ]
        _, answer = self.answer(json.dumps(document).encode())
        assert (answer["type"], answer["data"]["flags"]) == (4, EPHEMERAL)
        assert answer["data"]["allowed_mentions"] == {"parse": []}
        return answer["data"]

    def ask_for(self, prompt: str, *roles: str) -> Job:
        """Send /serve as a new interaction of a member with the given roles; return its job."""
        document = event("interaction_serve")
        document["id"] = str(int(document["id"]) + len(self.store.table.jobs))
        document["member"]["roles"] = list(roles)
        document["data"]["options"] = [{"name": "prompt", "type": 3, "value": prompt}]
        self.clock.pass_time(1)
        assert self.answer(json.dumps(document).encode()) == (200, {"type": 5})
        return self.job(document["id"])

    def job(self, job_id: str) -> Job:
        job = self.store.load(job_id)
        assert job is not None
        return job

    def move(self, job: Job, after: Job) -> Job:
        self.store.move(job, after, slot_limit=9)
        return after

    @property
    def untouched(self) -> bool:
        return self.queue.sent == [] and self.store.table.jobs == {}


@pytest.fixture
def room() -> Room:
    return Room()


Interaction = Callable[[str], bytes]


def test_a_ping_is_answered(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("ping")) == (200, {"type": 1})


def test_a_serve_command_is_deferred_and_queued(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve")) == (200, {"type": 5})

    job = room.store.load("400000000000000101")
    assert job is not None
    assert job.request.values["prompt"] == "a red fox"
    assert job.request.values["seed"] == 7
    assert job.origin.user_id == "400000000000000042"
    assert job.origin.token == "interaction-token"


def test_a_serve_command_works_in_a_direct_message(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve_in_dm")) == (200, {"type": 5})
    job = room.store.load("400000000000000102")
    assert job is not None
    assert job.origin.guild_id is None


@pytest.mark.parametrize("recorded", ["interaction_serve", "interaction_serve_in_dm"])
def test_a_workflow_s_own_command_asks_for_that_workflow(room: Room, recorded: str) -> None:
    document = event(recorded)
    document["data"] |= {
        "name": "sdxl_image_to_image",
        "options": [{"name": "prompt", "type": 3, "value": "a red fox"}],
    }
    _, answer = room.answer(json.dumps(document).encode())
    assert "`image` is needed for SDXL image to image" in answer["data"]["content"]

    document["data"]["name"] = "sdxl_text_to_image"
    assert room.answer(json.dumps(document).encode()) == (200, {"type": 5})
    assert room.job(document["id"]).request.workflow == "sdxl_text_to_image"


def test_an_attached_picture_becomes_an_input(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve_with_image")) == (200, {"type": 5})
    job = room.store.load("400000000000000103")
    assert job is not None
    assert job.request.attachments["image"].filename == "fox.png"


def test_a_body_that_api_gateway_has_encoded_is_decoded_first(
    room: Room, interaction: Interaction
) -> None:
    assert room.answer(interaction("ping"), encoded=True) == (200, {"type": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {"x_signature_ed25519": None},
        {"x_signature_timestamp": None},
        {"x_signature_ed25519": "not hex"},
        {"x_signature_ed25519": "00" * 64},
        {"x_signature_timestamp": "yesterday"},
        {"x_signature_timestamp": "1600000000"},
    ],
)
def test_a_missing_or_wrong_signature_is_401_and_touches_nothing(
    room: Room, interaction: Interaction, headers: dict[str, str | None]
) -> None:
    status, _ = room.answer(interaction("serve"), **headers)
    assert status == 401
    assert room.untouched


def test_a_request_older_than_five_minutes_is_401(room: Room, interaction: Interaction) -> None:
    request = signed(interaction("serve"), room.clock())
    room.clock.pass_time(301)
    assert room.handle(request)["statusCode"] == 401
    assert room.untouched


def test_a_body_that_is_not_utf8_is_401_even_when_signed(room: Room) -> None:
    status, _ = room.answer(b'{"type":1,"x":"\xff"}', encoded=True)
    assert status == 401


@pytest.mark.parametrize("body", ["%%%", "é", '{"type":1}'])
def test_a_body_that_is_not_base64_is_401(room: Room, interaction: Interaction, body: str) -> None:
    request = signed(interaction("ping"), room.clock(), encoded=True)
    request["body"] = body
    assert room.handle(request)["statusCode"] == 401


@pytest.mark.parametrize("missing", ["headers", "body"])
def test_an_event_without_headers_or_body_is_401(
    room: Room, interaction: Interaction, missing: str
) -> None:
    request = signed(interaction("ping"), room.clock())
    del request[missing]
    assert room.handle(request)["statusCode"] == 401


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": "   \u200b"}, "empty"),
        ({"prompt": "a" * 6001}, "characters"),
        ({"prompt": "a fox", "steps": 9999}, "must be from"),
        ({"prompt": "a fox", "stepz": 9}, "steps"),
        ({"prompt": "a fox", "workflow": "sdxl_text_to_imag"}, "sdxl_text_to_image"),
        ({"prompt": "a fox", "workflow": "sdxl_image_to_image"}, "image"),
        ({"seed": 3}, "prompt"),
    ],
)
def test_a_mistake_is_told_to_the_member_alone_and_nothing_is_queued(
    room: Room, options: dict[str, Any], words: str
) -> None:
    answer = room.serve(**options)
    assert answer["type"] == 4
    assert answer["data"]["flags"] == EPHEMERAL
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert words in answer["data"]["content"]
    assert room.untouched


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("content_type", "application/pdf", "application/pdf"),
        ("size", 500_000_000, "MB"),
        ("url", "https://evil.example/fox.png", "attached in Discord"),
    ],
)
def test_a_wrong_attachment_is_refused(room: Room, field: str, value: object, words: str) -> None:
    document = event("interaction_serve_with_image")
    [attachment] = document["data"]["resolved"]["attachments"].values()
    attachment[field] = value
    _, answer = room.answer(json.dumps(document).encode())
    assert answer["type"] == 4
    assert words in answer["data"]["content"]
    assert room.untouched


def test_an_unknown_command_is_named(room: Room) -> None:
    document = event("interaction_serve")
    document["data"]["name"] = "imagine"
    _, answer = room.answer(json.dumps(document).encode())
    assert "/imagine" in answer["data"]["content"]


@pytest.mark.parametrize("name", ["button", "autocomplete"])
def test_every_other_interaction_gets_an_answer_of_its_kind(
    room: Room, interaction: Interaction, name: str
) -> None:
    status, answer = room.answer(interaction(name))
    assert status == 200
    assert answer["type"] == {"button": 4, "autocomplete": 8}[name]


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"3", b"nonsense", b'{"type": 99}', b'{"type": 2, "data": {"name": "serve"}}'],
)
def test_a_signed_body_that_makes_no_sense_is_answered_kindly(room: Room, body: bytes) -> None:
    status, answer = room.answer(body)
    assert (status, answer["type"]) == (200, 4)
    assert room.untouched


def test_when_the_queue_is_down_the_request_is_taken_and_waits(
    room: Room, interaction: Interaction
) -> None:
    room.queue.broken = True
    _, answer = room.answer(interaction("serve"))
    assert answer["type"] == 5
    assert len(room.store.table.jobs) == 1


def test_a_defect_is_told_to_the_member_too(
    room: Room, interaction: Interaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(room.store, "create", broken)
    _, answer = room.answer(interaction("serve"))
    assert answer["data"]["content"] == UNCERTAIN
    assert room.telemetry.counts["InteractionsFailed"] == 1


def test_the_same_interaction_a_hundred_times_is_one_job(
    room: Room, interaction: Interaction
) -> None:
    for _ in range(100):
        assert room.answer(interaction("serve")) == (200, {"type": 5})
    assert list(room.store.table.jobs) == ["400000000000000101"]


@pytest.mark.parametrize(("roles", "tier"), [([], "free"), ([GOLD], "gold"), (["1", GOLD], "gold")])
def test_a_member_s_roles_choose_their_tier(room: Room, roles: list[str], tier: str) -> None:
    assert room.ask_for("a fox", *roles).tier.name == tier


def test_in_a_direct_message_everybody_has_the_last_tier(
    room: Room, interaction: Interaction
) -> None:
    room.answer(interaction("serve_in_dm"))
    assert room.job("400000000000000102").tier.name == "free"


def test_without_credits_the_member_is_told(room: Room) -> None:
    for number in range(5):
        room.ask_for(f"fox {number}")
    document = event("interaction_serve") | {"id": "400000000000000199"}
    _, answer = room.answer(json.dumps(document).encode())
    assert "0 credits" in answer["data"]["content"]
    assert len(room.store.table.jobs) == 5


def test_the_queue_says_where_each_request_stands(room: Room) -> None:
    at_a_gpu, in_the_line, held, _ = (room.ask_for(f"fox {n}", GOLD) for n in range(4))
    at_a_gpu = room.move(at_a_gpu, at_a_gpu.admitted(0.0, room.clock()))
    room.move(at_a_gpu, at_a_gpu.dispatched("runpod", room.clock()))
    room.move(in_the_line, in_the_line.admitted(0.1, room.clock()))
    room.move(held, held.held(room.clock()))
    room.clock.pass_time(12)

    assert room.use("queue").splitlines() == [
        "**Your open requests**",
        "- **fox 3** · being prepared",
        "- **fox 2** · waits until one of your 9 running requests has ended",
        "- **fox 1** · place 1 in the line",
        "- **fox 0** · at a GPU for 12 s",
    ]
    assert room.stores_opened == 0


def test_the_queue_shows_the_credits_of_a_limited_account(room: Room) -> None:
    room.ask_for("a fox")
    assert room.use("queue").endswith("-# You have 4 credits left.")


@pytest.mark.parametrize("command", ["queue", "cancel", "history"])
def test_who_has_asked_for_nothing_is_told_what_to_do(room: Room, command: str) -> None:
    said = room.use(command)
    assert "/serve" in said or "/history" in said
    assert room.untouched


@pytest.mark.parametrize("command", ["queue", "cancel", "history"])
def test_nobody_sees_or_ends_the_requests_of_another_member(room: Room, command: str) -> None:
    theirs = room.ask_for("a secret fox")
    other = event("interaction_serve")
    other["member"]["user"]["id"] = "400000000000000043"
    other["data"] = {"id": "3", "name": command, "type": 1}
    _, answer = room.answer(json.dumps(other).encode())
    assert "secret" not in answer["data"]["content"]
    assert room.job(theirs.job_id) == theirs


@pytest.mark.parametrize(
    ("options", "words", "left"),
    [
        ({}, "Cancelled 1 request. Nothing was charged.", ["fox 0", "fox 1"]),
        ({"which": "latest"}, "Cancelled 1 request. Nothing was charged.", ["fox 0", "fox 1"]),
        ({"which": "all"}, "Cancelled 3 requests. Nothing was charged.", []),
    ],
)
def test_cancel_ends_the_latest_request_or_all(
    room: Room, options: dict[str, str], words: str, left: list[str]
) -> None:
    for number in range(3):
        room.ask_for(f"fox {number}")
    room.queue.sent.clear()
    assert room.use("cancel", **options) == words
    jobs = room.store.table.jobs.values()
    assert [job.request.values["prompt"] for job in jobs if job.is_open] == left
    assert len(room.queue.sent) == 3 - len(left)
    assert room.store.account(MEMBER).balance == 5 - len(left)


def test_cancel_says_that_more_are_open_than_it_ends_at_once() -> None:
    room = Room(tiers=(Tier(),))
    for number in range(45):
        room.ask_for(f"fox {number}")
    said = [room.use("cancel", which="all") for _ in range(4)]
    twenty = "Cancelled 20 requests. Nothing was charged."
    again = f"{twenty} More are open still: send `/cancel which: all` again."
    assert said[:3] == [again, again, "Cancelled 5 requests. Nothing was charged."]
    assert "nothing to cancel" in said[3]


def test_cancel_works_in_a_direct_message(room: Room) -> None:
    room.ask_for("a fox")
    said = room.use("cancel", recorded="interaction_serve_in_dm", which="all")
    assert said == "Cancelled 1 request. Nothing was charged."


def test_a_choice_that_was_never_offered_cancels_nothing(room: Room) -> None:
    job = room.ask_for("a fox")
    room.use("cancel", which="everybody's")
    assert room.job(job.job_id) == job


def ended(room: Room, job: Job, outcome: Outcome, *, seen: bool = True) -> Job:
    """End a job as the rooms do."""
    job = room.move(job, job.admitted(0.0, room.clock()))
    job = room.move(job, job.dispatched("runpod", room.clock()))
    job = room.move(job, job.concluded(outcome, room.clock(), 40.0))
    return room.move(job, job.delivered(room.clock(), seen=seen))


def test_the_history_says_how_requests_ended_and_links_to_their_pictures(room: Room) -> None:
    pictures = (Picture("0_9.png", "image/png", 4), Picture("1_9.png", "image/png", 4))
    done = ended(room, room.ask_for("fox 0", GOLD), Outcome(pictures=pictures))
    ended(room, room.ask_for("fox 1", GOLD), Outcome(error="No GPU.", error_kind="too_late"))
    room.ask_for("fox 2", GOLD)
    room.use("cancel")
    message = room.used("history")

    when = int(done.times["concluded"])
    assert message["content"].splitlines()[:4] == [
        "**Your last requests**",
        f"1. **fox 2** · cancelled · <t:{when + 2}:R>",
        f"2. **fox 1** · failed: No GPU. · <t:{when + 1}:R>",
        f"3. **fox 0** · 2 pictures · <t:{when}:R>",
    ]
    outputs = f"memory://bucket/jobs/{done.job_id}/1/outputs"
    assert message["embeds"] == [
        {"title": f"Request 3, picture {n}", "url": url, "thumbnail": {"url": url}}
        for n, url in ((1, f"{outputs}/0_9.png"), (2, f"{outputs}/1_9.png"))
    ]


def test_the_history_says_first_that_an_answer_could_not_be_shown(room: Room) -> None:
    job = room.ask_for("a fox")
    job = ended(room, job, Outcome(pictures=(Picture("0_9.png", "image/png", 4),)), seen=False)
    assert job.state is JobState.SUCCEEDED
    message = room.used("history")
    assert "\n1. ⚠️ The answer could not be shown" in message["content"]
    assert len(message["embeds"]) == 1


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


@pytest.mark.parametrize("command", ["queue", "history", "me", "help", "cancel"])
def test_a_member_is_answered_in_their_own_language(room: Room, command: str) -> None:
    said = set()
    for locale in ("de", "fr", "es-419", "ja", "pt-BR", "en-US", "fi", None, 3):
        document = event("interaction_serve") | {"locale": locale}
        document["data"] = {"id": "3", "name": command, "type": 1}
        _, answer = room.answer(json.dumps(document).encode())
        said.add(answer["data"]["content"])
    assert len(said) == 6


def test_where_there_is_no_serve_members_are_told_of_the_command_that_there_is() -> None:
    room = Room(style=CommandStyle.PER_WORKFLOW)
    for command in ("queue", "help", "history", "imagine"):
        assert "`/sdxl_text_to_image" in room.use(command)
        assert "`/serve" not in room.use(command)


def test_help_for_a_command_says_what_it_takes(room: Room) -> None:
    assert "`image` (needed)" in room.use("help", **{"command": "info"})
    assert "`/queue`" in room.use("help", **{"command": "unknown"})


def test_help_names_every_workflow_and_says_how_to_begin(room: Room) -> None:
    said = room.used("help")["content"]

    assert all(recipe.title in said for recipe in RECIPES.values())
    assert "/serve prompt:" in said


def test_help_for_a_workflow_names_its_options_and_flags(room: Room) -> None:
    name, recipe = next(iter(RECIPES.items()))

    said = room.used("help", workflow=name)["content"]

    shown = [option for option in recipe.options if not option.hidden]
    assert all(f"`{option.name}`" in said for option in shown)


def test_what_is_missing_is_described_in_the_member_s_language(room: Room) -> None:
    document = event("interaction_serve") | {"locale": "de"}
    document["data"]["options"] = [
        {"name": "prompt", "type": 3, "value": "a fox"},
        {"name": "workflow", "type": 3, "value": "upscale"},
    ]
    _, answer = room.answer(json.dumps(document).encode())
    assert "`bild` ist für Upscale nötig: Das Bild, das" in answer["data"]["content"]


def test_a_mistake_is_told_in_the_member_s_language_line_by_line(room: Room) -> None:
    document = event("interaction_serve") | {"locale": "de"}
    document["data"]["options"] = [
        {"name": "prompt", "type": 3, "value": "a fox"},
        {"name": "steps", "type": 4, "value": 10**6},
        {"name": "cfg", "type": 10, "value": 10**6},
    ]
    _, answer = room.answer(json.dumps(document).encode())
    assert "`schritte` muss von 1 bis" in answer["data"]["content"]
    assert "\n`cfg` muss von" in answer["data"]["content"]
