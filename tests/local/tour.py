"""A tour of all that the rooms do on AWS: a little of what goes well, and each thing that breaks.

What breaks is put into the table as it stands when something has been lost: that room alone can go
on from there which is to mend it. The tokens of these jobs are gone, so that the bot has to answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import requests

from distillery.aws.job_record import from_item, job_key, to_item
from distillery.core.deliver_result import MAX_LOSSES
from distillery.core.job import Job, JobState, Outcome
from distillery.core.keys import output_key, result_key
from local.member import FINAL_STATES, LocalMember
from tests.local.conftest import Cloud
from tests.local.test_content_rules import MODERATOR, use
from tests.until import until

SMALL = {"size": "512x512", "steps": "4"}
MEMBER = "juniper"
_TOO_LONG_S = 16 * 60
"""Nobody waits that long, and Discord's token has died: the bot has to answer."""


class Tour:
    """Takes a running local cloud through everything."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._table, self._bucket = cloud.state["table"], cloud.state["bucket"]
        self._dynamodb, self._s3 = cloud.aws("dynamodb"), cloud.aws("s3")
        self._lambda, self._sqs = cloud.aws("lambda"), cloud.aws("sqs")

    def take(self) -> None:
        """Go everywhere. Nothing of it may fail."""
        done = self._members()
        self._call("Canary")
        self._put(
            done,
            "waiting",
            state=JobState.QUEUED,
            start_tag=1.0,
            only_on="nobody",
            created_at=time.time(),
        )
        assert "in the line" in LocalMember(self._cloud.state, MEMBER).ask("queue", {})
        self._results(done)
        self._dispatcher(done)
        self._dead_letters(done)
        with self._pictures_unfit():
            self._watchdog(done)
        self._dynamodb.delete_item(TableName=self._table, Key=job_key("tour-waiting"))

    def _members(self) -> Job:
        """What members and moderators do; the other provider is away meanwhile."""
        for away in ("runpod", "sagemaker"):
            self._cloud.fault(away, "down")
            served = self._cloud.serve(f"a house without {away}", MEMBER, **SMALL)
            self._cloud.fault(away, "ok")
        member = LocalMember(self._cloud.state, MEMBER)
        member.ask("queue", {})
        assert use(self._cloud, MODERATOR, "admin log")["type"] == 4
        done = self._job(served.job_id)
        link = next(
            line.rpartition(" ")[2]
            for line in member.ask("history", {}).splitlines()
            if line.startswith("Request 1, picture 1: ")
        )
        assert requests.get(link, timeout=10).ok
        key = f"jobs/{done.job_id}/{done.attempt}/outputs/{served_name(done)}"
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        assert requests.get(link, timeout=10).status_code == 404
        return done

    def _results(self, done: Job) -> None:
        """A result that names a picture which was never stored, and one that is found unfit."""
        job = self._put(done, "followup", state=JobState.DISPATCHED)
        self._store_result(job, done)
        self._wait(job)
        unfit = self._put(done, "unfit", state=JobState.DISPATCHED)
        with self._pictures_unfit():
            self._store_pictures(unfit, done)
            self._store_result(unfit, done)
            self._wait(unfit)

    def _dispatcher(self, done: Job) -> None:
        late = self._put(done, "late", state=JobState.QUEUED, attempt=0)
        self._send("Jobs", late)
        self._wait(late)

    def _dead_letters(self, done: Job) -> None:
        with self._nobody_hears_of_results():
            ready = self._put(done, "ready", state=JobState.DISPATCHED)
            self._store_pictures(ready, done)
            unstored = self._put(done, "unstored", state=JobState.DISPATCHED)
            for job in (ready, unstored):
                self._store_result(job, done)
        untouched = self._put(done, "untouched", state=JobState.QUEUED, attempt=0)
        with self._pictures_unfit():
            for job in (ready, unstored, untouched):
                self._send("DeadLetters", job)
                self._wait(job)

    def _watchdog(self, done: Job) -> None:
        with self._nobody_hears_of_results():
            found = self._put(done, "found", state=JobState.DISPATCHED)
            self._store_pictures(found, done)
            self._store_result(found, done)
        self._put(done, "found", state=JobState.DISPATCHED, due_at=0.0)
        failed = self._put(
            done,
            "failed",
            state=JobState.DISPATCHED,
            provider="sagemaker",
            provider_job_id="sagemaker/failures/tour",
            created_at=time.time(),
            due_at=0.0,
        )
        lost = self._put(
            done,
            "lost",
            state=JobState.DISPATCHED,
            provider="runpod",
            provider_job_id="gone",
            losses=MAX_LOSSES - 1,
            created_at=time.time(),
            due_at=0.0,
        )
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"pk": {"S": "PROVIDERS"}, "sk": {"S": "sagemaker"}},
            UpdateExpression="ADD holders :nobody",
            ExpressionAttributeValues={":nobody": {"SS": ["tour-nobody#1"]}},
        )
        self._cloud.run_watchdog()
        self._wait(found)
        self._wait(lost)
        self._until(lambda: self._job(failed.job_id).due_at > 0, "the watchdog saw to it")

    def _put(self, done: Job, name: str, **changes: Any) -> Job:
        """Put a job of ours into the table, which is otherwise as one that was done."""
        now = time.time()
        fresh = {"outcome": None, "lease_until": 0.0, "due_at": now + 600}
        fresh |= {"created_at": now - _TOO_LONG_S}
        fresh |= {"start_tag": None} if changes["state"] is JobState.QUEUED else {}
        job = replace(
            done,
            job_id=f"tour-{name}",
            origin=replace(done.origin, token=f"gone-{name}"),
            parts=(),
            **{**fresh, **changes},
        )
        self._dynamodb.put_item(TableName=self._table, Item=to_item(job))
        return job

    def _store_result(self, job: Job, done: Job) -> None:
        key = result_key(done.job_id, done.attempt)
        text = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
        document = json.loads(text.replace(done.job_id, job.job_id))
        key = result_key(job.job_id, job.attempt)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(document).encode())

    def _store_pictures(self, job: Job, done: Job) -> None:
        assert isinstance(done.outcome, Outcome)
        for picture in done.outcome.pictures:
            for name in filter(None, (picture.name, picture.copy)):
                key = output_key(job.job_id, job.attempt, name)
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=b"nobody looks at it")

    @contextmanager
    def _pictures_unfit(self) -> Iterator[None]:
        """Find every picture unfit, so that it is asked what the server's moderators settled."""
        url = f"{self._cloud.state['control_url']}/judge"
        requests.post(url, json={"pictures": "unfit"}, timeout=10).raise_for_status()
        try:
            yield
        finally:
            requests.post(url, json={"pictures": "fit"}, timeout=10).raise_for_status()

    @contextmanager
    def _nobody_hears_of_results(self) -> Iterator[None]:
        """Lose the events of the block, as S3 may."""
        told = self._s3.get_bucket_notification_configuration(Bucket=self._bucket)
        told.pop("ResponseMetadata")
        put = self._s3.put_bucket_notification_configuration
        put(Bucket=self._bucket, NotificationConfiguration={})
        try:
            yield
        finally:
            put(Bucket=self._bucket, NotificationConfiguration=told)

    def _send(self, queue: str, job: Job) -> None:
        urls = self._sqs.list_queues()["QueueUrls"]
        url = next(url for url in urls if f"Queues{queue}" in url)
        self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"job_id": job.job_id}))

    def _call(self, room: str) -> None:
        names = [f["FunctionName"] for f in self._lambda.list_functions()["Functions"]]
        name = next(name for name in names if f"{room}Function" in name)
        answer = self._lambda.invoke(FunctionName=name)
        assert "FunctionError" not in answer, answer["Payload"].read()

    def _job(self, job_id: str) -> Job:
        return from_item(
            self._dynamodb.get_item(TableName=self._table, Key=job_key(job_id))["Item"]
        )

    def _wait(self, job: Job) -> None:
        self._until(lambda: self._job(job.job_id).state in FINAL_STATES, f"{job.job_id} ended")

    def _until(self, true: Callable[[], bool], what: str) -> None:
        until(true, told=lambda: f"{what} {self._cloud.denied()}")


def served_name(done: Job) -> str:
    """The name of a job's first picture."""
    outcome = done.outcome
    assert isinstance(outcome, Outcome)
    return outcome.pictures[0].name
