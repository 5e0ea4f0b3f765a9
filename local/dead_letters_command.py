"""`distillery dead-letters`: an operator looks at what failed for good, and tries it again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.core.ports import DeadLetter, DeadLetters, JobQueue, JobStore
from local.deployment import CannotRun, Deployment, printable, run_on

AT_MOST = 1000
"""Letters looked at in one run, the latest first."""


@dataclass(frozen=True, slots=True)
class Service:
    """The part of a deployment that this command touches."""

    letters: DeadLetters
    store: JobStore
    queue: JobQueue


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit status."""
    action = _list if arguments.action == "list" else _redrive
    return run_on(arguments, lambda deployment: action(arguments, _service(deployment)))


def redrive(letter: DeadLetter, service: Service) -> str:
    """Wake the letter's job if it still waits for an answer; returns what was done, in words.

    The record goes when there is nothing left to do for it. One that names no job stays.
    """
    job = service.store.load(letter.job_id) if letter.job_id else None
    if job is None:
        return "names no job that exists; kept for you to read"
    if job.is_final:
        said = f"job {job.job_id} has been answered ({job.state}); left alone, record deleted"
    else:
        service.queue.send(job.job_id, group=job.origin.user_id)
        said = f"job {job.job_id} is woken, record deleted"
    service.letters.take(letter.letter_id)
    return said


def _service(deployment: Deployment) -> Service:
    dynamodb = deployment.client("dynamodb")
    return Service(
        DynamoDeadLetters(dynamodb, deployment.table),
        DynamoJobStore(dynamodb, deployment.table),
        SqsJobQueue(deployment.client("sqs"), deployment.queue_url),
    )


def _list(arguments: argparse.Namespace, service: Service) -> None:
    letters = service.letters.list(AT_MOST)
    if arguments.json:
        print(json.dumps([{"id": letter.letter_id, **asdict(letter)} for letter in letters]))
        return
    for letter in letters:
        when = datetime.fromtimestamp(letter.sent_at_ms / 1000, UTC).isoformat(" ", "seconds")
        job = f"job {letter.job_id}" if letter.job_id else "no job"
        print(printable(f"{letter.letter_id}  {when}  {letter.source}  {job}  {letter.reason}"))
    if not letters:
        print("no dead letters")


def _redrive(arguments: argparse.Namespace, service: Service) -> None:
    for letter in _chosen(arguments, service.letters):
        print(f"{letter.letter_id}: {redrive(letter, service)}")


def _chosen(arguments: argparse.Namespace, kept: DeadLetters) -> Sequence[DeadLetter]:
    letters = kept.list(AT_MOST)
    if arguments.all:
        return letters
    chosen = [letter for letter in letters if letter.letter_id == arguments.id]
    if not chosen:
        raise CannotRun(f"No dead letter {arguments.id}. See: distillery dead-letters list")
    return chosen
