"""What a period's jobs come to, and the file that says so."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import MappingProxyType

import pytest

from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from infra.settings import Settings
from local.deployment import CannotRun
from local.report.figures import day_of, grouped, sum_up
from local.report.page import Period, html
from local.report.plots import bars, lines
from local.report_command import prices_of

AT = 1_790_000_000.0  # 2026-09-21
PICTURE = Picture("a.png", "image/png", 10)
PRICES = {"runpod": 0.001}


def job(
    number: int, outcome: Outcome, *, after_s: float = 10, token: str = "t", **more: str
) -> Job:
    state = JobState.SUCCEEDED if outcome.succeeded else JobState.FAILED
    return Job(
        job_id=str(number),
        origin=Origin("1", token, more.get("member", "42"), "20"),
        request=Request(more.get("workflow", "sdxl"), {}),
        created_at=AT + number,
        state=state,
        provider="runpod",
        outcome=outcome,
        times=MappingProxyType({"delivered": AT + number + after_s}),
    )


MADE = Outcome(pictures=(PICTURE, PICTURE), gpu_s=20)
LOST = Outcome(error="lost", error_kind="lost", gpu_s=5)
OWN = Outcome(error="no", error_kind="bad_input")


def test_figures_count_what_was_asked_and_price_all_that_ran() -> None:
    figures = sum_up([job(1, MADE), job(2, LOST), job(3, OWN), job(4, MADE, token="")], PRICES)

    assert (figures.requests, figures.with_pictures, figures.missed) == (3, 1, 1)
    assert figures.pictures == 2
    assert figures.success == 0.5  # what the member gave is no miss
    assert figures.gpu_s == 45  # the canary's too
    assert figures.dollars == pytest.approx(0.045)
    assert figures.dollars_a_picture == pytest.approx(0.0225)


def test_half_of_the_pictures_came_within_the_median() -> None:
    figures = sum_up([job(n, MADE, after_s=n) for n in range(1, 101)], {})
    assert figures.answered_within(0.5) == 50.5
    assert figures.answered_within(0.95) == 96


def test_nothing_asked_has_no_shares() -> None:
    figures = sum_up([], PRICES)
    assert (figures.success, figures.dollars_a_picture, figures.answered_within(0.5)) == (
        *(None, None, None),
    )


def test_jobs_are_grouped_by_the_day_in_utc() -> None:
    late = job(86_400, MADE)
    assert list(grouped([late, job(1, MADE)], day_of)) == ["2026-09-21", "2026-09-22"]


class Checker(HTMLParser):
    """Fails where tags do not match, and keeps the text and whatever would be fetched."""

    VOID = ("meta", "line", "rect", "circle", "polyline")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID or tag in ("rect", "circle"):
            self.open.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_one_file_with_every_table_and_nothing_to_fetch() -> None:
    jobs = [job(1, MADE, workflow="<script>"), job(2, LOST, member="43"), job(3, OWN)]
    document = html(jobs, Period(["2026-09-20", "2026-09-21"]), PRICES, AT + 100)

    seen = Checker()
    seen.feed(document)
    assert seen.open == []
    assert seen.fetched == []
    assert "<script" not in document
    for words in ("2026-09-20 to 2026-09-21", "By provider", "<script>", "43", "lost", "$0.001"):
        assert words in seen.text
    assert document.count("<svg") == 4


def test_a_plot_stacks_its_series_and_names_each_value() -> None:
    drawn = bars(["a", "b"], {"one": [1.0, 0.0], "two": [3.0, 0.0]}, "jobs")
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill', drawn)]
    assert len(heights) == 2  # nothing is drawn of nothing
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.2)
    assert "a: two 3 jobs" in drawn


def test_a_line_passes_over_what_is_unknown() -> None:
    drawn = lines(["a", "b", "c"], {"median": [1.0, None, 2.0]}, "s")
    assert drawn.count("<circle") == 2


@pytest.mark.parametrize("value", [0.0, 0.004, 0.3, 1, 7, 99, 12_345])
def test_the_highest_value_lies_within_the_plot(value: float) -> None:
    drawn = bars(["a"], {"one": [value]}, "jobs")
    for y in re.findall(r'<rect [^>]* y="(-?[\d.]+)"', drawn):
        assert float(y) >= 11


def test_gpu_seconds_cost_what_the_settings_say_unless_it_is_given() -> None:
    settings = Settings(application_id="1", public_key="0" * 64, runpod_dollars_per_hour=2.5)

    assert prices_of(settings, [])["runpod"] == 2.5
    assert prices_of(None, [])["runpod"] == 1.224
    assert prices_of(settings, ["runpod=3"])["runpod"] == 3.0


@pytest.mark.parametrize("given", ["runpod", "runpod=much", "runpot=1", ""])
def test_a_price_that_cannot_be_read_is_named(given: str) -> None:
    with pytest.raises(CannotRun, match=f"--dollars-per-hour {given}: "):
        prices_of(None, [given])
