"""Everything goes wrong at once, for thousands of requests: are the promises kept?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from local.chaos import campaign
from local.chaos.finding import Finding, at_least, at_most, exactly
from local.chaos.report import Report
from local.chaos.weather import STORM, Weather
from local.chaos.world import World

LEAST_POINTS = 12
DUPLICATES = Weather(doubled_request=0.2, doubled_message=0.2, doubled_event=0.3)
"""Nothing fails; things only come twice."""


def run(jobs: int, seeds: Sequence[int]) -> list[Finding]:
    """Send `jobs` requests through the storm for each seed, and through mere duplicates once."""
    with ProcessPoolExecutor() as pool:
        reports = list(pool.map(partial(_report, jobs), seeds))
    name = f"storm, {len(seeds)} × {jobs:,} jobs"
    plain = campaign.run(World(seeds[0], DUPLICATES), min(jobs, 2_000))
    return [
        exactly(name, "lost: no answer 15 min later", _total(reports, "lost"), 0),
        exactly(name, "doubled: two answers seen", _total(reports, "doubled"), 0),
        exactly(name, "unanswered", _total(reports, "unanswered"), 0),
        exactly(name, "charged wrongly", _total(reports, "charged_wrongly"), 0),
        exactly(name, "progress left over an answer", _total(reports, "covered"), 0),
        exactly(name, "pictures of an abandoned attempt", _total(reports, "strangers"), 0),
        exactly(name, "slots leaked", _total(reports, "leaked"), 0),
        at_most(name, "extra GPU runs", 100 * max(r.extra_runs for r in reports), 0.5, " %"),
        at_most(name, "extra GPU runs of mere duplicates", 100 * plain.extra_runs, 0, " %"),
        at_most(name, "time to heal, p95", max(r.heal_p95_s for r in reports), 60, " s"),
        at_most(name, "line stalled, p95", max(r.stall_p95_s for r in reports), 60, " s"),
        at_least(name, "crash points passed", min(r.crash_points for r in reports), LEAST_POINTS),
        Finding(name, "pictures", f"{_total(reports, 'pictures'):,}"),
        Finding(name, "answers in words", f"{_total(reports, 'failures'):,}"),
        Finding(name, "rooms killed or failed", f"{_total(reports, 'crashes'):,}"),
    ]


def _report(jobs: int, seed: int) -> Report:
    return campaign.run(World(seed, STORM), jobs)


def _total(reports: Sequence[Report], what: str) -> int:
    return sum(getattr(report, what) for report in reports)
