"""Which files of an answer go into its message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from distillery.core import keys
from distillery.core.job import Job, Picture
from distillery.core.ports import Delivery, ObjectStore

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
"""All files of one message together (Discord, "Uploading Files")."""
MAX_FILES = 10
"""Of one message (Discord, error 30015)."""


def deliveries_of(jobs: Sequence[Job], objects: ObjectStore) -> Sequence[Delivery]:
    """Read what fits into the message. A button links to what does not.

    Where a worker made a copy for Discord, that is sent instead of the picture itself.
    """
    deliveries: list[Delivery] = []
    bytes_left, files_left = MAX_MESSAGE_BYTES, MAX_FILES
    for job, number, picture in _pictures(jobs):
        copy, data = _copy(picture), None
        sent = copy or picture
        if files_left and sent.size <= min(bytes_left, job.origin.attachment_size_limit):
            bytes_left, files_left = bytes_left - sent.size, files_left - 1
            data = objects.read(keys.output_key(job.job_id, job.attempt, sent.name))
        # In one message every file needs a name of its own.
        numbered = copy and _numbered(copy, number)
        deliveries.append(Delivery(job, _numbered(picture, number), data, numbered))
    return deliveries


def _pictures(jobs: Sequence[Job]) -> Iterator[tuple[Job, str, Picture]]:
    for number, job in enumerate(jobs, start=1):
        for picture in job.outcome.pictures if job.outcome else ():
            yield job, f"{number}_" if len(jobs) > 1 else "", picture


def _numbered(picture: Picture, number: str) -> Picture:
    return replace(picture, name=number + picture.name)


def _copy(picture: Picture) -> Picture | None:
    if picture.copy is None:
        return None
    return Picture(picture.copy, "image/webp", picture.copy_size, spoiler=picture.spoiler)
