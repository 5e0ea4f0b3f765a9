"""The job store and the provider records in memory, on one table, as on DynamoDB.

They pass the same suite as the adapters in `distillery.aws`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from threading import RLock

from distillery.core.circuit import Circuit
from distillery.core.credits import Entry, LedgerKind, LedgerLine, refund, reserve, settle
from distillery.core.errors import (
    DuplicateJob,
    MemberAtLimit,
    NoFreeSlot,
    StaleJob,
    StoreConflict,
)
from distillery.core.expected_wait import woke_s
from distillery.core.job import Job, JobState
from distillery.core.records import RECENT, Account, ProviderRecord


class MemoryTable:
    """What the job store and the provider records both write to, one writer at a time."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.unfinished: dict[str, Job] = {}  # those of `jobs` that are not final
        self.accounts: dict[str, Account] = {}
        self.ledger: list[LedgerLine] = []
        self.providers: dict[str, ProviderRecord] = {}
        self.lock = RLock()

    def account(self, user_id: str) -> Account:
        """Read an account."""
        return self.accounts.get(user_id, Account())


class MemoryJobStore:
    """Implements `JobStore`."""

    def __init__(self, table: MemoryTable | None = None) -> None:
        self.table = table or MemoryTable()

    def create(self, *jobs: Job) -> None:
        """Write the new jobs of one request and reserve their charge."""
        with self.table.lock:
            for job in jobs:
                if job.job_id in self.table.jobs:
                    raise DuplicateJob(job.job_id)
            if charged := [job for job in jobs if job.charge]:
                account = self.table.account(jobs[0].origin.user_id)
                self._charge(reserve(account, *charged), *charged)
            for job in jobs:
                self._keep(job)

    def load(self, job_id: str) -> Job | None:
        """Read a job."""
        return self.table.jobs.get(job_id)

    def load_all(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """Read many jobs at once, in this order."""
        return [job for job_id in job_ids if (job := self.load(job_id)) is not None]

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        """Replace `before` by `after`, as one step."""
        with self.table.lock:
            now = self.table.jobs.get(before.job_id)
            if now is None or _place(now) != _place(before):
                raise StaleJob(before.job_id)
            news = after.progress_shown > before.progress_shown
            if news and now.progress_shown >= after.progress_shown:
                raise StaleJob(before.job_id)
            account = self._entered(before, after)
            self._move_slots(before, after, slot_limit)
            if account is not None:
                self.table.accounts[before.origin.user_id] = account
            if before.is_open and not after.is_open:
                self._conclude(before, after)
            self._keep(_merged(now, before, after))

    def line(self, limit: int) -> Sequence[str]:
        """Ids of the jobs that wait in the line, those next in order first."""
        return [job.job_id for job in self._line()[:limit]]

    def place(self, job: Job) -> int:
        """How many stand before the job in the line."""
        return sum(_order(other) < _order(job) for other in self._line())

    def held(self, user_id: str) -> str | None:
        """Id of the member's job that has been held back for longest."""
        theirs = [j for j in self._held() if j.origin.user_id == user_id]
        return theirs[0].job_id if theirs else None

    def members_held(self, limit: int, after: str = "") -> Sequence[str]:
        """Ids of members who have jobs that are held back, those past `after`."""
        members = {job.origin.user_id for job in self._held()}
        return sorted(member for member in members if member > after)[:limit]

    def of_member(self, user_id: str, limit: int) -> Sequence[str]:
        """Ids of a member's jobs, the latest first."""
        theirs = [j for j in self.table.jobs.values() if j.origin.user_id == user_id]
        theirs.sort(key=lambda job: (job.created_at, job.job_id), reverse=True)
        return [job.job_id for job in theirs[:limit]]

    def asked_since(self, user_id: str, since: float) -> int:
        """How many jobs a member has asked for since then."""
        jobs = self.table.jobs.values()
        return sum(j.origin.user_id == user_id and j.created_at >= since for j in jobs)

    def overdue(self, now: float, limit: int) -> Sequence[str]:
        """Ids of the jobs that should have moved by now."""
        due = [job for job in self.table.unfinished.values() if job.due_at <= now]
        return [job.job_id for job in sorted(due, key=lambda job: job.due_at)[:limit]]

    def anything_open(self) -> bool:
        """Tell whether any job still waits for its end."""
        return bool(self.table.unfinished)

    def account(self, user_id: str) -> Account:
        """Read what a member has."""
        return self.table.account(user_id)

    def set_balance(self, user_id: str, balance: int, entry_id: str) -> None:
        """Set it once for an entry."""
        line = LedgerLine(user_id, entry_id, LedgerKind.SET, balance)
        with self.table.lock:
            told = {(one.user_id, one.job_id) for one in self.table.ledger if one.kind is line.kind}
            if (user_id, entry_id) not in told:
                account = self.table.account(user_id)
                self.table.accounts[user_id] = dataclasses.replace(account, balance=balance)
                self.table.ledger.append(line)

    def release(self, user_id: str, job_id: str) -> None:
        """Take a job off its member's jobs in flight."""
        with self.table.lock:
            account = self.table.account(user_id)
            in_flight = account.in_flight - {job_id}
            self.table.accounts[user_id] = dataclasses.replace(account, in_flight=in_flight)

    def ledger(self, user_id: str) -> Sequence[LedgerLine]:
        """Every line about a member, in order."""
        return [line for line in self.table.ledger if line.user_id == user_id]

    def _keep(self, job: Job) -> None:
        self.table.jobs[job.job_id] = job
        if job.is_final:
            self.table.unfinished.pop(job.job_id, None)
        else:
            self.table.unfinished[job.job_id] = job

    def _line(self) -> list[Job]:
        line = [
            job
            for job in self.table.unfinished.values()
            if job.state is JobState.QUEUED and job.start_tag is not None
        ]
        return sorted(line, key=_order)

    def _held(self) -> list[Job]:
        held = [job for job in self.table.unfinished.values() if job.is_held]
        return sorted(held, key=lambda job: (job.created_at, job.job_id))

    def _entered(self, before: Job, after: Job) -> Account | None:
        """The member's account once the job is in the line, if this is how it gets there."""
        if before.is_in_flight or not after.is_in_flight:
            return None
        account = self.table.account(after.origin.user_id)
        if len(account.in_flight) >= after.tier.jobs_at_once:
            raise MemberAtLimit(after.origin.user_id)
        return dataclasses.replace(
            account,
            in_flight=account.in_flight | {after.job_id},
            finish_tag=after.finish_tag or 0.0,
        )

    def _move_slots(self, before: Job, after: Job, limit: int | None) -> None:
        if before.holds_slot == after.holds_slot:
            return
        name = str(before.provider if before.holds_slot else after.provider)
        record = self.table.providers.get(name, ProviderRecord())
        if before.holds_slot:
            holders = record.holders - {before.slot_holder}
            served = after.outcome is not None and after.outcome.succeeded
            took_s = record.took_s
            if served:
                now_took = after.times["concluded"] - before.times["dispatched"]
                took_s = (now_took, *(record.took_s or (now_took,) * RECENT))[:RECENT]
            self.table.providers[name] = dataclasses.replace(
                record,
                holders=holders,
                served_at=after.times["concluded"] if served else record.served_at,
                took_s=took_s,
                woke_s=woke_s(before) or record.woke_s if served else record.woke_s,
            )
            return
        if limit is None:
            raise ValueError("a move into DISPATCHED needs the provider's slot_limit")
        if len(record.holders) >= limit:
            raise NoFreeSlot(name)
        virtual_time = record.virtual_time
        if after.attempt == 1 and after.start_tag is not None:
            virtual_time = after.start_tag
        self.table.providers[name] = dataclasses.replace(
            record, holders=record.holders | {after.slot_holder}, virtual_time=virtual_time
        )

    def _conclude(self, before: Job, after: Job) -> None:
        user_id = before.origin.user_id
        account = self.table.account(user_id)
        self.table.accounts[user_id] = dataclasses.replace(
            account,
            in_flight=account.in_flight - {before.job_id},
            finish_tag=account.finish_tag - (before.cost if before.had_no_turn else 0.0),
        )
        if before.charge:
            end = settle if after.outcome and after.outcome.succeeded else refund
            self._charge(end(self.table.account(user_id), before), before)

    def _charge(self, entry: Entry, *jobs: Job) -> None:
        account, kind = entry
        for job in jobs:
            user_id = job.origin.user_id
            self.table.accounts[user_id] = account
            self.table.ledger.append(LedgerLine(user_id, job.job_id, kind, job.charge))


class MemoryProviderRecords:
    """Implements `ProviderRecords` on the table of a `MemoryJobStore`."""

    def __init__(self, table: MemoryTable) -> None:
        self._table = table

    def all(self) -> Mapping[str, ProviderRecord]:
        """Read every record."""
        return dict(self._table.providers)

    def set_circuit(self, provider: str, before: Circuit, after: Circuit) -> None:
        """Replace a circuit."""
        with self._table.lock:
            record = self._table.providers.get(provider, ProviderRecord())
            if record.circuit != before:
                raise StoreConflict(provider)
            self._table.providers[provider] = dataclasses.replace(record, circuit=after)

    def free_slot(self, provider: str, holder: str) -> None:
        """Free a slot."""
        with self._table.lock:
            record = self._table.providers.get(provider, ProviderRecord())
            self._table.providers[provider] = dataclasses.replace(
                record, holders=record.holders - {holder}
            )


def _order(job: Job) -> tuple[float, str]:
    return job.start_tag or 0.0, job.job_id


def _place(job: Job) -> tuple[object, ...]:
    return job.state, job.attempt, job.lease_until, job.start_tag is None


def _merged(now: Job, before: Job, after: Job) -> Job:
    """Change only what the move changes: another writer may have changed the rest meanwhile."""
    changes = {
        f.name: getattr(after, f.name)
        for f in dataclasses.fields(Job)
        if getattr(after, f.name) != getattr(before, f.name)
    }
    news = {stage: at for stage, at in after.times.items() if before.times.get(stage) != at}
    changes["times"] = {**now.times, **news}
    return dataclasses.replace(now, **changes)
