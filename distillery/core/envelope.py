"""The message to a GPU worker: `gpu_container/job.schema.json` is the contract.

It carries a filled graph and signed addresses, and no secret of ours: no token, no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from distillery.core import keys
from distillery.core.job import Job
from distillery.core.ports import Envelope, ObjectStore
from distillery.core.recipes.recipe import (
    Recipe,
    attachment_slots,
    fill_graph,
    outputs_in,
    word_slots,
)

PROGRESS_INTERVAL_S = 1.0
MAX_OUTPUTS = 10  # attachments of one message (Discord, error 30015)
MAX_OUTPUT_BYTES = 25 * 1024 * 1024
LEAST_VARIANT_BYTES = 64 * 1024  # the contract asks for no smaller ones
THUMBNAIL_PX = 512
MAX_DOCUMENT_BYTES = 256 * 1024


def build_envelope(
    job: Job, recipe: Recipe, objects: ObjectStore, *, timeout_s: int, input_life_s: int
) -> Envelope:
    """Fill the recipe's graph for the job's current attempt and sign every address it needs.

    The addresses live as long as the job may wait and run; a signed address also dies with the
    credentials that signed it, which for a Lambda role is at least one hour.
    """
    job_id, attempt = job.job_id, job.attempt
    graph = fill_graph(recipe, job.request.given)

    def upload(key: str, max_bytes: int) -> dict[str, Any]:
        return asdict(objects.sign_upload(key, max_bytes, input_life_s))

    return {
        "version": 1,
        "job_id": job_id,
        "attempt": attempt,
        "graph": graph,
        "outputs": outputs_in(graph, recipe),
        "cancel_url": objects.sign_get(keys.cancel_key(job_id, attempt), input_life_s),
        "claim": asdict(objects.sign_claim(keys.claim_key(job_id, attempt), input_life_s)),
        "inputs": _inputs(job, recipe, objects, input_life_s),
        "words": [
            {"node": slot.node_id, "input": slot.input}
            for slot in word_slots(recipe)
            if slot.node_id in graph
        ],
        "upload": {
            "outputs": upload(keys.output_key(job_id, attempt, "${filename}"), MAX_OUTPUT_BYTES),
            "progress": upload(keys.progress_key(job_id, attempt), MAX_DOCUMENT_BYTES),
            "result": upload(keys.result_key(job_id, attempt), MAX_DOCUMENT_BYTES),
        },
        "limits": {
            "timeout_s": timeout_s,
            "progress_interval_s": PROGRESS_INTERVAL_S,
            "max_outputs": MAX_OUTPUTS,
            "max_output_bytes": MAX_OUTPUT_BYTES,
        },
        "metadata": _metadata(job),
        "variants": {
            "max_bytes": max(LEAST_VARIANT_BYTES, job.origin.attachment_size_limit),
            "thumbnail_px": THUMBNAIL_PX,
        },
    }


def _metadata(job: Job) -> Mapping[str, object]:
    """What a picture says of itself wherever it is passed on: nothing of the member, no address."""
    return {
        "job_id": job.job_id,
        "workflow": job.request.workflow,
        "options": dict(job.request.values),
    }


def _inputs(
    job: Job, recipe: Recipe, objects: ObjectStore, life_s: int
) -> list[Mapping[str, object]]:
    return [
        {
            "node": slot.node_id,
            "input": slot.input,
            "url": objects.sign_get(keys.input_key(job.job_id, option), life_s),
            "max_bytes": attachment.size,
        }
        for option, slot, attachment in attachment_slots(recipe, job.request.attachments)
    ]
