"""What became of every request, judged by what members saw, and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from distillery.core.job import TOKEN_LIFE_S
from local.chaos.discord import Message
from local.chaos.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of jobs, unless said otherwise. The first six break a promise: they must be 0."""

    lost: int  # acknowledged, and without a final answer 15 minutes later
    unanswered: int  # acknowledged, and never answered
    doubled: int  # saw two different final answers
    covered: int  # progress was left lying over the final answer
    strangers: int  # saw a picture that was another's, or of an attempt given up before
    leaked: int  # slots
    asked: int
    acknowledged: int
    pictures: int
    failures: int
    submits: int
    extra_runs: float  # runs of workers beyond each job's first, as a share of the submits
    crashes: int
    dead_letters: int
    messages: int  # calls of the dispatcher
    heal_p50_s: float  # from the first thing that went wrong with a job to its answer
    heal_p95_s: float
    heal_max_s: float

    @property
    def kept(self) -> bool:
        """True when every promise was kept."""
        broken = self.lost + self.unanswered + self.doubled + self.covered + self.strangers
        return broken + self.leaked == 0

    def __str__(self) -> str:
        lines = [f"{name:14} {value:>10,.4g}" for name, value in asdict(self).items()]
        return "\n".join(lines)


def report(world: World) -> Report:
    """Judge a world that has come to rest."""
    everybody = world.discord.messages
    promised = {who: m for who, m in everybody.items() if m.response == "thinking"}
    shown = [m.showing[0] for m in promised.values() if m.showing]
    submits = sum(provider.submits for provider in world.providers)
    started = [job_id for provider in world.providers for job_id in provider.started]
    healed = _healed(world, promised)
    return Report(
        lost=sum(_answer_took_s(m) > TOKEN_LIFE_S for m in promised.values()),
        unanswered=sum(m.answered_at is None for m in promised.values()),
        doubled=sum(len(m.finals) > 1 for m in promised.values()),
        covered=sum(m.showing not in m.finals for m in promised.values() if m.finals),
        strangers=sum(_is_strange(world, who, m) for who, m in promised.items()),
        leaked=world.leaked(),
        asked=len(everybody),
        acknowledged=len(promised),
        pictures=shown.count("pictures"),
        failures=shown.count("failure"),
        submits=submits,
        extra_runs=(len(started) - len(set(started))) / max(1, submits),
        crashes=sum(world.crashed.values()),
        dead_letters=world.dead_letters,
        messages=world.received,
        heal_p50_s=_quantile(healed, 0.5),
        heal_p95_s=_quantile(healed, 0.95),
        heal_max_s=_quantile(healed, 1.0),
    )


def _answer_took_s(message: Message) -> float:
    if message.answered_at is None:
        return float("inf")
    return message.answered_at - message.asked_at


def _is_strange(world: World, job_id: str, message: Message) -> bool:
    latest = max(provider.latest.get(job_id, 0) for provider in world.providers)
    own = f"{job_id} {latest}".encode()
    return any(
        data != own for kind, files in message.finals if kind == "pictures" for _, data in files
    )


def _healed(world: World, promised: dict[str, Message]) -> list[float]:
    return sorted(
        message.answered_at - world.hurt_at[who]
        for who, message in promised.items()
        if message.answered_at is not None and world.hurt_at.get(who, 1e18) < message.answered_at
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
