"""The trials of `make chaos`, each in a smaller size: no figure may be other than it must be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.chaos.finding import Finding, at_least, at_most, exactly, table
from local.chaos.trials import fairness, outage, poison, storm


@pytest.mark.parametrize(
    "trial",
    [
        lambda: storm.run(1_000, seeds=(1, 2)),
        lambda: outage.run(300),
        fairness.run,
        lambda: poison.run(300),
    ],
    ids=["storm", "outage", "fairness", "poison"],
)
def test_a_trial_finds_every_promise_kept(trial: Callable[[], list[Finding]]) -> None:
    findings = trial()
    assert all(finding.kept for finding in findings), table(findings)


def test_a_finding_is_broken_on_the_wrong_side_of_its_bound() -> None:
    assert [
        f("t", "w", 2, bound).kept for f in (exactly, at_most, at_least) for bound in (1, 2, 3)
    ] == [
        *(False, True, False),
        *(False, True, True),
        *(True, True, False),
    ]


def test_the_table_names_a_trial_once_and_says_what_is_broken() -> None:
    lines = table([exactly("t", "lost", 0, 0), exactly("t", "doubled", 1, 0)]).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["kept", "BROKEN"]
    assert [line.startswith("t ") for line in lines[1:]] == [True, False]
