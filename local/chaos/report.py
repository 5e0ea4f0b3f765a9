"""What became of every request, judged by what members saw, and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from distillery.core.answer import answer_of
from distillery.core.deadlines import TOKEN_LIFE_S
from distillery.core.job import Job
from local.chaos.discord import Message
from local.chaos.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of jobs, unless said otherwise. The first seven break a promise: they must be 0."""

    lost: int  # acknowledged, and without a final answer 15 minutes later
    unanswered: int  # acknowledged, and never answered
    doubled: int  # saw two different final answers
    covered: int  # progress was left lying over the final answer
    strangers: int  # saw a picture that was another's, or of an attempt given up before
    leaked: int  # slots, and places of members
    charged_wrongly: int  # members whose ledger does not fit what they saw
    asked: int
    acknowledged: int
    pictures: int
    failures: int
    submits: int
    extra_runs: float  # runs on a GPU that nobody needed, as a share of the submits
    crashes: int
    crash_points: int  # at which a room died
    dead_letters: int
    messages: int  # calls of the dispatcher
    heal_p50_s: float  # from the end of the last fault of a job to its answer, less its time held
    heal_p95_s: float  # back and in the line after that
    heal_max_s: float
    stall_p95_s: float  # how long somebody stood in the line though a GPU was free
    stall_max_s: float

    @property
    def kept(self) -> bool:
        """True when every promise was kept."""
        broken = self.lost + self.unanswered + self.doubled + self.covered + self.strangers
        return broken + self.leaked + self.charged_wrongly == 0

    def __str__(self) -> str:
        lines = [f"{name:14} {value:>10,.4g}" for name, value in asdict(self).items()]
        return "\n".join(lines)


def report(world: World) -> Report:
    """Judge a world that has come to rest."""
    everybody = world.discord.messages
    promised = {who: m for who, m in everybody.items() if m.response == "thinking"}
    shown = [m.showing[0] for m in promised.values() if m.showing]
    submits = sum(provider.submits for provider in world.providers)
    ran = [job_id for provider in world.providers for job_id in provider.ran]
    healed = _healed(world, promised)
    return Report(
        lost=sum(_answer_took_s(m) > TOKEN_LIFE_S for m in promised.values()),
        unanswered=sum(m.answered_at is None for m in promised.values()),
        doubled=sum(_has_two_answers(m) for m in everybody.values()),
        covered=sum(m.showing not in m.finals for m in promised.values() if m.finals),
        strangers=sum(_is_strange(world, m) for m in promised.values()),
        leaked=world.service.leaked(),
        charged_wrongly=_charged_wrongly(world, promised),
        asked=len(everybody),
        acknowledged=len(promised),
        pictures=shown.count("pictures"),
        failures=shown.count("failure"),
        submits=submits,
        extra_runs=(len(ran) - len(set(ran))) / max(1, submits),
        crashes=sum(world.rooms.crashed.values()),
        crash_points=len(set(world.rooms.crashed) - {"raised", "timeout"}),
        dead_letters=world.dead_letters,
        messages=world.received,
        heal_p50_s=_quantile(healed, 0.5),
        heal_p95_s=_quantile(healed, 0.95),
        heal_max_s=_quantile(healed, 1.0),
        stall_p95_s=_quantile(sorted(world.stalls), 0.95),
        stall_max_s=_quantile(sorted(world.stalls), 1.0),
    )


def _answer_took_s(message: Message) -> float:
    if message.answered_at is None:
        return float("inf")
    return message.answered_at - message.asked_at


def _has_two_answers(message: Message) -> bool:
    """A refusal is an answer as well: no pictures may follow it."""
    return len(message.finals) + (message.response == "refused") > 1


def _is_strange(world: World, message: Message) -> bool:
    return any(
        data != _latest_picture(world, job_id)
        for kind, files in message.finals
        if kind == "pictures"
        for job_id, data in files
    )


def _latest_picture(world: World, job_id: str) -> bytes:
    latest = max(provider.latest.get(job_id, 0) for provider in world.providers)
    return f"{job_id} {latest}".encode()


def _charged_wrongly(world: World, promised: dict[str, Message]) -> int:
    """Count requests that were charged otherwise than once for pictures, and not at all else."""
    ledger = world.service.ledger_of()
    wrong = 0
    for job_id, lines in ledger.items():
        paid = {"reserve": 1, "settle": 1}
        not_paid = {"reserve": 1, "refund": 1}
        who = world.service.table.jobs[job_id].lead_id
        if who in promised:
            fits = [paid if job_id in _pictured(promised[who]) else not_paid]
        else:
            fits = [paid, not_paid]  # nobody was promised anything: it is in their history
        wrong += dict(lines) not in fits
    wrong += sum(who not in ledger for who in promised)
    for user, account in world.service.table.accounts.items():
        mine = [line for line in world.service.table.ledger if line.user_id == user]
        spent = sum(line.amount for line in mine if line.kind == "settle")
        wrong += (account.reserved, account.spent) != (0, spent)
    return wrong


def _pictured(message: Message) -> set[str]:
    """The jobs whose pictures are seen at last."""
    kind, files = message.showing or ("", ())
    return {job_id for job_id, _ in files} if kind == "pictures" else set()


def _healed(world: World, promised: dict[str, Message]) -> list[float]:
    took = []
    for who, message in promised.items():
        jobs = answer_of(world.service.table.jobs[who], world.service.store).jobs
        last = max(jobs, key=lambda job: job.times.get("concluded", 0.0))
        hurt_at, answered_at = world.hurt_at.get(last.job_id), message.answered_at
        if hurt_at is not None and answered_at is not None and hurt_at < answered_at:
            took.append(answered_at - hurt_at - _waited_s(last, hurt_at))
    return sorted(took)


def _waited_s(job: Job, since: float) -> float:
    """How long the job was held back, and then stood in the line, after `since`."""
    times = job.times
    held_at, admitted_at = times.get("held", 0.0), times.get("admitted", 0.0)
    held_s = max(0.0, admitted_at - max(since, held_at)) if held_at else 0.0
    entered_at = max(times.get("returned", 0.0), admitted_at)
    left_at = times.get("dispatched", 0.0)
    if left_at < entered_at:  # it never did, until the time was up
        left_at = times["concluded"]
    return held_s + max(0.0, left_at - max(since, entered_at))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
