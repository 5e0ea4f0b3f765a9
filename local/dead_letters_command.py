"""`distillery dead-letters`: an operator looks at what failed for good, and tries it again.

On the local cloud by what `.local/state.json` says, or on AWS with the shell's own credentials.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.core.errors import QueueUnavailable
from distillery.core.ports import DeadLetter, DeadLetters, JobQueue, JobStore
from local.aws import ACCESS_KEY, SECRET_KEY
from local.serve_command import NOT_UP, read_state

AT_MOST = 1000
"""Letters looked at in one run, the latest first."""


class CannotRun(Exception):
    """The command cannot do what was asked; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """The part of a deployment that this command touches."""

    letters: DeadLetters
    store: JobStore
    queue: JobQueue


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit status."""
    action: Callable[[argparse.Namespace, Service], None] = {
        "list": _list,
        "redrive": _redrive,
    }[arguments.action]
    try:
        action(arguments, _service(arguments))
    except CannotRun as problem:
        return _fail(str(problem))
    except (BotoCoreError, ClientError, QueueUnavailable) as error:
        return _fail(f"{error}\nCheck the credentials, the region, --table and --queue-url.")
    return 0


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


def _service(arguments: argparse.Namespace) -> Service:
    if bool(arguments.table) != bool(arguments.queue_url):
        raise CannotRun("Give both --table and --queue-url, or neither for the local cloud.")
    where: dict[str, Any] = {}
    table, queue_url = arguments.table, arguments.queue_url
    if not table:
        state = read_state()
        if state is None:
            raise CannotRun(NOT_UP)
        table, queue_url = state["table"], state["queue_url"]
        where = {
            "endpoint_url": state["aws_endpoint_url"],
            "region_name": state["region"],
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": SECRET_KEY,
        }
    session = botocore.session.get_session()
    dynamodb: Any = session.create_client("dynamodb", **where)
    sqs: Any = session.create_client("sqs", **where)
    return Service(
        DynamoDeadLetters(dynamodb, table),
        DynamoJobStore(dynamodb, table),
        SqsJobQueue(sqs, queue_url),
    )


def _list(arguments: argparse.Namespace, service: Service) -> None:
    letters = service.letters.list(AT_MOST)
    if arguments.json:
        print(json.dumps([{"id": letter.letter_id, **asdict(letter)} for letter in letters]))
        return
    for letter in letters:
        when = datetime.fromtimestamp(letter.sent_at_ms / 1000, UTC).isoformat(" ", "seconds")
        job = f"job {letter.job_id}" if letter.job_id else "no job"
        print(_printable(f"{letter.letter_id}  {when}  {letter.source}  {job}  {letter.reason}"))
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


def _printable(text: str) -> str:
    """Leave no control character: a letter may hold anything."""
    return "".join(character if character.isprintable() else " " for character in text)


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
