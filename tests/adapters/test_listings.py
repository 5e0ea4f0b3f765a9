"""The words of /queue, /cancel and /history, for whatever members have typed."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from distillery.core.job import CANCELLED, Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.list_jobs import Standing
from distillery.core.tier import Tier
from distillery.discord import listings
from distillery.discord.link_cards import LINK_TOO_LONG
from distillery.discord.paged import PAGE_CHARACTERS
from distillery.discord.responses import private
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.refusals import Problem
from local.discord.sending import SCHEMAS

NOW = 1_790_000_000.0
OPENAPI = OpenApi(document_at_hand())
NASTY = ["@everyone", "<@42>", "**b**", "](http://x)", "`", "||", "\n# h", "-# ", "\\", "<t:1:R>"]
PICTURE = Picture("0_9.png", "image/png", 4)

words = st.one_of(
    st.lists(st.sampled_from([*NASTY, "fox", " "]), max_size=2000).map("".join),
    st.text(max_size=6000),
)


def a_job(prompt: str = "a red fox", tier: Tier | None = None) -> Job:
    origin = Origin("1", "the-token", "42", "7")
    return Job("1001", origin, Request("plain", {"prompt": prompt}), NOW, tier or Tier())


def with_pictures(number: int) -> Outcome:
    return Outcome(pictures=(PICTURE,) * number)


def ended(prompt: str, outcome: Outcome, *, delivered: bool, seen: bool = True) -> Job:
    job = a_job(prompt).dispatched("runpod", NOW).concluded(outcome, NOW + 5, 40.0)
    return job.delivered(NOW + 6, seen=seen) if delivered else job


def standing(prompt: str, kind: int) -> Standing:
    job = a_job(prompt)
    admitted = job.admitted(0.0, NOW)
    return [
        Standing(job),
        Standing(job.held(NOW)),
        Standing(admitted, place=12_345),
        Standing(admitted.dispatched("runpod", NOW)),
    ][kind]


def link(job: Job, picture: Picture) -> str:
    return f"https://bucket.s3.amazonaws.com/{picture.name}?X-Amz-Security-Token={'x' * 1500}"


def problems(content: str, embeds: object = ()) -> list[Problem]:
    """What Discord and the house would say against an answer of this text."""
    answer = dict(private(content, embeds))  # type: ignore[arg-type]
    schema = SCHEMAS[rules.MESSAGE]
    return rules.answer_problems(rules.COMMAND, answer) + OPENAPI.problems(schema, answer)


def drawn(content: str) -> str:
    """Leave what Discord would act on: our own marks, and any of a member's that got through."""
    return re.sub(r"\\[^\w\s]", "", content)


def assert_only_our_marks(content: str, lines: int) -> None:
    left = drawn(content)
    assert left.count("**") <= 2 * lines + 2
    for mark in ("<@", "@everyone", "](", "||", "\n#", "http:", "https:"):
        assert mark not in left


@given(st.lists(st.tuples(words, st.integers(0, 3)), max_size=100), st.integers(0, 10**6))
def test_any_queue_is_one_message_that_discord_takes_and_that_rings_nobody(
    requests: list[tuple[str, int]], balance: int
) -> None:
    content = listings.queue([standing(*request) for request in requests], balance, NOW)
    assert len(content) <= 2000
    assert problems(content) == []
    assert f"{balance:,} credit" in content
    assert_only_our_marks(content, len(requests))
    lines = [line for line in content.splitlines() if line.startswith("- ")]
    assert (listings.LEFT_OUT in content) == (len(lines) < len(requests))


endings = st.builds(
    ended,
    words,
    st.one_of(
        st.integers(1, 10).map(with_pictures),
        words.map(lambda text: Outcome(error=text, error_kind="execution_failed")),
        st.just(Outcome(error="Cancelled.", error_kind=CANCELLED)),
    ),
    delivered=st.booleans(),
    seen=st.booleans(),
)


@given(st.lists(endings, max_size=10))
def test_any_history_is_one_message_that_discord_takes_and_that_rings_nobody(
    jobs: list[Job],
) -> None:
    history = listings.history(jobs, link)
    assert len(history.content) <= 2000
    assert problems(history.content, history.embeds) == []
    assert_only_our_marks(history.content, len(jobs))
    lines = re.findall(r"^\d+\. ", history.content, re.MULTILINE)
    assert (listings.LEFT_OUT in history.content) == (len(lines) < len(jobs))
    shown = jobs[: len(lines)]
    pictures = sum(len(job.outcome.pictures) for job in shown if job.outcome)
    assert len(history.embeds) == min(10, pictures)


def test_the_oldest_requests_are_left_out_of_a_full_message() -> None:
    jobs = [ended(f"{n} " + "*" * 100, with_pictures(1), delivered=True) for n in range(30)]
    history = listings.history(jobs, link)
    assert "**0 " in history.content
    assert "**29 " not in history.content
    *_, last, left_out, _ = history.content.splitlines()
    assert left_out == listings.LEFT_OUT
    assert len(history.content) + len(last) > PAGE_CHARACTERS, "one more would have fitted"


def test_pictures_of_a_request_that_is_left_out_are_not_linked() -> None:
    failed = ended("*" * 100, Outcome(error="*" * 200, error_kind="no_output"), delivered=True)
    history = listings.history([failed] * 9 + [ended("a", with_pictures(1), delivered=True)], link)
    assert listings.LEFT_OUT in history.content
    assert history.embeds == []


def test_a_long_prompt_is_shortened() -> None:
    content = listings.queue([standing("a" * 500, 0)], None, NOW)
    assert "…** · being prepared" in content
    assert len(content) < 120


def test_a_request_without_a_prompt_is_named_by_its_workflow() -> None:
    job = replace(a_job(), request=Request("sdxl", {}))
    assert "**sdxl** · being prepared" in listings.queue([Standing(job)], None, NOW)


def test_who_may_have_one_request_at_once_reads_it_in_the_singular() -> None:
    job = a_job(tier=Tier(jobs_at_once=1)).held(NOW)
    assert "until your running request has ended" in listings.queue([Standing(job)], None, NOW)


def test_nothing_open_still_shows_the_credits_that_are_left() -> None:
    assert listings.queue([], 1, NOW).splitlines() == [
        listings.NOTHING_OPEN,
        "-# You have 1 credit left.",
    ]
    assert listings.queue([], None, NOW) == listings.NOTHING_OPEN


def test_a_job_that_went_back_into_the_line_is_not_at_a_gpu_any_more() -> None:
    job = a_job().admitted(0.0, NOW).dispatched("runpod", NOW).returned(NOW, lost=True)
    assert job.state is JobState.QUEUED
    assert "place 1 in the line" in listings.queue([Standing(job, place=0)], None, NOW)


def test_pictures_on_their_way_are_said_to_be() -> None:
    history = listings.history([ended("a fox", with_pictures(1), delivered=False)], link)
    assert "1 picture, being sent to you" in history.content


def test_a_picture_is_seen_beside_its_link_unless_it_has_to_be_covered() -> None:
    (fox,) = with_pictures(1).pictures
    film, covered = replace(fox, content_type="video/mp4"), replace(fox, spoiler=True)
    job = ended("a fox", Outcome(pictures=(fox, film, covered)), delivered=True)
    adults = replace(job, origin=replace(job.origin, age_restricted=True))

    first, *others = listings.history([job, adults], link).embeds

    assert first["thumbnail"] == {"url": first["url"]}
    assert len(others) == 5
    assert not any("thumbnail" in one for one in others)


def test_a_link_too_long_for_discord_is_replaced_by_words() -> None:
    jobs = [ended("a fox", with_pictures(1), delivered=True)]
    history = listings.history(jobs, lambda job, picture: "https://x/" + "y" * 2048)
    assert history.embeds == [{"title": "Request 1, picture 1", "description": LINK_TOO_LONG}]
    assert problems(history.content, history.embeds) == []
