"""What is told of a job once its member has been answered: its end, and where its time went."""

from __future__ import annotations

from collections.abc import Mapping

from distillery.core.job import CANCELLED, Job, Outcome
from distillery.core.moderation.picture_actions import WITHHELD
from distillery.core.ports import Telemetry

NOT_OURS = frozenset({"bad_input", CANCELLED, WITHHELD})
"""Ends without pictures that break no objective: what the member gave, wished, or may not see."""


def stage_seconds(job: Job, answered_at: float) -> Mapping[str, float]:
    """Say how long a job that was answered spent in each stage that it reached.

    `start` is all that is neither generating nor uploading between dispatch and outcome: the
    provider's queue, a worker's start, inputs, and the word on its way back. It takes no look at
    the worker's clock, and the stages add up to the whole.
    """
    outcome = job.outcome or Outcome()
    concluded_at = job.times.get("concluded", answered_at)
    stages = {"deliver": answered_at - concluded_at}
    if "dispatched" in job.times and outcome.engine_s:
        at_provider_s = concluded_at - job.times["dispatched"]
        stages |= {
            "queue": job.times["dispatched"] - job.created_at,
            "start": max(0.0, at_provider_s - outcome.engine_s - outcome.upload_s),
            "generate": outcome.engine_s,
            "upload": outcome.upload_s,
        }
    return stages


def note_answer(job: Job, telemetry: Telemetry, answered_at: float) -> None:
    """Count a job that has ended, and time its stages if it was a member's."""
    provider = job.only_on or job.provider or "none"
    reason = (job.outcome and job.outcome.error_kind) or "none"
    if job.is_canary:
        if reason == "none":
            telemetry.count("CanariesSucceeded", provider=provider)
        else:
            telemetry.count("CanariesFailed", provider=provider, reason=reason)
        return
    if job.was_cancelled:
        telemetry.count("JobsCancelled")
    elif reason == "none":
        telemetry.count("JobsSucceeded", provider=provider)
    else:
        telemetry.count("JobsFailed", provider=provider, reason=reason)
    telemetry.count("AnswersMissed", int(reason != "none" and reason not in NOT_OURS))
    telemetry.seconds("TimeToAnswer", answered_at - job.created_at)
    _note_stages(stage_seconds(job, answered_at), telemetry, provider)


def _note_stages(stages: Mapping[str, float], telemetry: Telemetry, provider: str) -> None:
    telemetry.seconds("DeliverTime", stages["deliver"])
    if "generate" in stages:
        telemetry.seconds("QueueTime", stages["queue"])
        telemetry.seconds("StartTime", stages["start"], provider=provider)
        telemetry.seconds("GenerateTime", stages["generate"])
        telemetry.seconds("UploadTime", stages["upload"])
