"""Both ends of the contract: the worker takes what the core builds, the core reads its answers."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from distillery.core.deadlines import run_ends_within
from distillery.core.envelope import build_envelope
from distillery.core.failure_words import PICTURE_FAULTS, UNKNOWN, failure_words
from distillery.core.job import Job, Origin, Request
from distillery.core.recipes.recipe import Attachment
from distillery.core.worker_documents import parse_progress, parse_result
from distillery.recipe_files import load_recipes
from gpu_container.worker import run_job
from gpu_container.worker.comfy.one_run import Patience
from gpu_container.worker.errors import Kind
from gpu_container.worker.job import parse_job
from gpu_container.worker.models.declared import load_models
from gpu_container.worker.models.ensure import models_named_by
from local.memory import MemoryObjectStore

ROOT = Path(__file__).parents[2]
RECIPES = load_recipes(ROOT / "workflows")
PICTURE = Attachment("fox.png", "https://cdn.discordapp.com/a.png", "image/png", 70_000)


class HttpObjectStore(MemoryObjectStore):
    """Signs addresses that look like S3's."""

    def sign_get(self, key: str, life_s: int) -> str:
        return f"https://bucket.s3.amazonaws.com/{key}?X-Amz-Expires={life_s}"

    def sign_claim(self, key: str, life_s: int) -> Any:
        claim = super().sign_claim(key, life_s)
        url = f"https://bucket.s3.amazonaws.com/{key}?X-Amz-Expires={life_s}"
        return type(claim)(url, claim.headers)

    def sign_upload(self, key: str, max_bytes: int, life_s: int) -> Any:
        upload = super().sign_upload(key, max_bytes, life_s)
        return type(upload)("https://bucket.s3.amazonaws.com/", upload.fields)


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "gpu_container" / name).read_text())
    return document


@pytest.mark.parametrize("workflow", sorted(RECIPES))
def test_what_the_core_builds_the_worker_takes(workflow: str) -> None:
    recipe = RECIPES[workflow]
    files = {o.name: PICTURE for o in recipe.options if o.kind == "attachment"}
    job = Job(
        job_id="1300000000000000001",
        origin=Origin(application_id="1", token="secret", user_id="2", channel_id="3"),
        request=Request(workflow, {"prompt": "a red fox", "seed": 7}, files),
        created_at=0.0,
    ).dispatched("runpod", 1.0)

    envelope = json.loads(
        json.dumps(build_envelope(job, recipe, HttpObjectStore(), timeout_s=600, input_life_s=3600))
    )

    jsonschema.Draft202012Validator(schema("job.schema.json")).validate(envelope)
    taken = parse_job(envelope)
    assert (taken.job_id, taken.attempt) == (job.job_id, 1)
    assert taken.claim is not None
    assert taken.claim.headers == {"If-None-Match": "*"}
    assert taken.cancel_url is not None
    assert len(taken.inputs) == len(files)
    (prompt,) = [option for option in recipe.options if option.name == "prompt"]
    slots = {(slot.node_id, slot.input) for slot in prompt.slots}
    assert {place for place in slots if place[0] in taken.graph} <= taken.words
    named = models_named_by(taken.graph, load_models())
    assert named
    assert models_named_by(taken.graph, load_models(), taken.words) == named
    assert taken.variants is not None
    assert taken.metadata == {
        "job_id": job.job_id,
        "workflow": workflow,
        "options": {"prompt": "a red fox", "seed": 7},
    }
    documented = re.search(r"```json\n(.*?)```", (ROOT / "docs/gpu-container.md").read_text(), re.S)
    assert documented is not None
    assert taken.metadata == {**json.loads(documented[1]), "workflow": workflow}
    assert "secret" not in json.dumps(envelope)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_failure_of_a_worker_has_words_for_the_member(kind: Kind) -> None:
    text, values = failure_words(kind.value, "node 3 said no")
    if kind is not Kind.BAD_JOB:  # our own mistake: there is nothing more to tell
        assert text != UNKNOWN
    assert text.format_map(values).endswith(".")


def refusals(tree: ast.Module) -> Iterator[str]:
    """What `raise Unsound(…)` and `JobFailed(…)` say, with 4000 for what varies."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", "")
        if name not in ("Unsound", "JobFailed"):
            continue
        said = call.args[-1]
        parts = said.values if isinstance(said, ast.JoinedStr) else [said]
        text = "".join(str(p.value) if isinstance(p, ast.Constant) else "4000" for p in parts)
        yield f"the {text}" if name == "Unsound" else text


def test_whatever_a_worker_finds_wrong_with_a_picture_is_told_in_words_of_ours() -> None:
    folder = ROOT / "gpu_container/worker/inputs"
    found = {text for file in folder.glob("*.py") for text in refusals(ast.parse(file.read_text()))}

    assert len(found) > 15
    for text in found - {"4000", "the 4000."}:  # which pass on what another says
        said, _ = failure_words(Kind.BAD_INPUT, text)
        assert said in PICTURE_FAULTS.values(), text
    _, values = failure_words(Kind.BAD_INPUT, "the image has more than 4,000 pixels; send another")
    assert values == {"most": "4,000"}


def test_the_core_reads_the_documents_that_the_contract_describes() -> None:
    result = {
        "version": 1,
        "job_id": "1",
        "attempt": 1,
        "status": "succeeded",
        "outputs": [
            {
                "name": "0_9.png",
                "node_id": "9",
                "content_type": "image/png",
                "bytes": 10,
                "sha256": "ab" * 32,
                "width": 8,
                "height": 8,
                "variant": {
                    "name": "0_9.variant.webp",
                    "content_type": "image/webp",
                    "bytes": 7,
                    "sha256": "cd" * 32,
                    "width": 8,
                    "height": 8,
                },
                "thumbnail": None,
            }
        ],
        "error": None,
        "timings": {"inputs_s": 0.0, "engine_s": 2.5, "upload_s": 0.1, "total_s": 2.6},
        "started_at": 1.0,
        "finished_at": 3.6,
    }
    jsonschema.Draft202012Validator(schema("result.schema.json")).validate(result)
    read = parse_result(json.dumps(result).encode())
    assert read.outcome.engine_s == 2.5
    assert read.outcome.pictures[0].width == 8
    assert read.outcome.pictures[0].copy == "0_9.variant.webp"

    progress = {
        "version": 1,
        "job_id": "1",
        "attempt": 1,
        "sequence": 3,
        "percent": 48.0,
        "step": 12,
        "steps": 25,
        "node_id": "3",
        "node_title": "Sampler",
        "preview": {"content_type": "image/jpeg", "base64": "/9j/"},
        "elapsed_s": 4.2,
    }
    jsonschema.Draft202012Validator(schema("progress.schema.json")).validate(progress)
    assert parse_progress(json.dumps(progress).encode()).steps == 25


def test_a_worker_has_reported_before_anybody_ends_its_run() -> None:
    """At the limit it takes the run out of the engine, and then stores the result."""
    reported_s = Patience().leave_s + run_job.RESULT_S

    assert run_ends_within(600) >= 600 + 2 * reported_s
