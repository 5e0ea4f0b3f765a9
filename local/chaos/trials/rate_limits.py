"""Thousands of edits by several processes at once that know nothing of each other's calls."""

from __future__ import annotations

from local.chaos.finding import Finding, at_least, at_most, exactly
from local.chaos.trials.discord_traffic import Traffic
from local.chaos.trials.limited_discord import LimitedDiscord

NAME = "rate limits"
WORST_SHARE = 1.0  # percent of the calls
FEWER_THAN = 1000  # invalid calls in 10 minutes
_TEN_MINUTES_S = 600.0
_REST_S = 30 * 60.0


def run(edits: int = 3000, webhooks: int = 300, seed: int = 1) -> list[Finding]:
    """Give `edits` answers on `webhooks` webhooks, with progress between them."""
    trial = Traffic(edits, webhooks, seed)
    trial.clock.pass_time(trial.busy_s + _REST_S)
    discord = trial.discord
    live = {token: last for token, last in trial.last.items() if token not in discord.dead}
    covered = sum(discord.messages[t].content != last for t, last in live.items())
    answers = [f"answer {number}" for number in range(edits)]
    lost = sum(not discord.taken[a] and not discord.posted[a] for a in answers)
    repeated = sum(discord.taken[a] > 1 for a in answers)
    invalid = len(discord.invalid_at)
    waits = sorted(trial.waits)
    name = f"{NAME}, {edits:,} answers on {webhooks} webhooks"
    again = sum(process.line.called_again for process in trial.processes)
    early = sum(process.line.called_early for process in trial.processes)
    return [
        exactly(name, "answers lost", lost, 0),
        exactly(name, "live messages that show anything else", covered, 0),
        at_most(name, "invalid of all calls", 100 * invalid / discord.calls, WORST_SHARE, " %"),
        at_most(name, "invalid in the worst 10 min", _worst(discord.invalid_at), FEWER_THAN - 1),
        exactly(name, "calls of tokens known to be dead", again, 0),
        exactly(name, "calls sooner than the process was told", early, 0),
        exactly(name, "attachments added by a repeat", discord.appended, 0),
        exactly(name, "posted twice by the bot", sum(n > 1 for n in discord.posted.values()), 0),
        # Without these nothing would be proved.
        at_least(name, "answers repeated with their files", repeated, 1),
        at_least(name, "posted by the bot", discord.posted.total(), 1),
        *(
            at_least(name, f"429 of the scope {scope}", discord.answers[f"429 {scope}"], 1)
            for scope in ("user", "global", "shared")
        ),
        Finding(name, "calls", f"{discord.calls:,}"),
        Finding(name, "5xx, and connections dropped", f"{_failures(discord):,}"),
        Finding(name, "virtual time", f"{(trial.answered_at - trial.began_at) / 60:.1f} min"),
        Finding(name, "progress left out", f"{100 * trial.dropped / trial.progress:.1f} %"),
        Finding(name, "an answer's way, p95", f"{waits[int(len(waits) * 0.95)]:.1f} s"),
        Finding(name, "an answer's way, longest", f"{waits[-1]:.0f} s"),
        Finding(name, "processes", f"{len(trial.processes):,}"),
    ]


def _failures(discord: LimitedDiscord) -> int:
    return discord.answers["502"] + discord.answers["503"] + discord.dropped


def _worst(times: list[float]) -> int:
    """The most in any ten minutes."""
    worst = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - _TEN_MINUTES_S:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
