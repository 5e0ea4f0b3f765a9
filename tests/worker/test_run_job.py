"""A whole job between a fake engine and a fake store."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gpu_container.worker.errors import Kind
from gpu_container.worker.log import JsonLines
from gpu_container.worker.run_job import run_job
from tests.engine_under_test import PATIENCE_S
from tests.worker.conftest import Bench, png
from tests.worker.loop_thread import LoopThread

SCHEMAS = Path(__file__).parents[2] / "gpu_container"
RESULT_SCHEMA = json.loads((SCHEMAS / "result.schema.json").read_text())
CANCEL = "jobs/1300000000000000001/1/cancel"
PROGRESS_SCHEMA = json.loads((SCHEMAS / "progress.schema.json").read_text())


def photo(bench: Bench) -> dict[str, Any]:
    """A job's entry for the input image that the store has under this name."""
    url = bench.store.input_url("photo")
    return {"node": "6", "input": "text", "url": url, "max_bytes": 10_000}


def test_a_job_stores_its_picture_and_then_its_result(bench: Bench) -> None:
    bench.comfy.files["output//rec_00001_.png"] = png(96, 48)

    result = bench.run()

    document = bench.result_document()
    assert document == result.document()
    jsonschema.validate(document, RESULT_SCHEMA)
    assert document["status"] == "succeeded"
    assert document["error"] is None
    assert document["outputs"] == [
        {
            "name": "0_9.png",
            "node_id": "9",
            "content_type": "image/png",
            "bytes": len(png(96, 48)),
            "sha256": hashlib.sha256(png(96, 48)).hexdigest(),
            "width": 96,
            "height": 48,
            "variant": None,
            "thumbnail": None,
            "animated": False,
        }
    ]
    (picture,) = bench.store.all("/outputs/")
    assert picture.key == "jobs/1300000000000000001/1/outputs/0_9.png"
    assert picture.data == png(96, 48)


def test_the_form_has_the_fields_first_and_the_file_last(bench: Bench) -> None:
    bench.run()

    (picture,) = bench.store.all("/outputs/")
    assert picture.fields == ["key", "policy", "x-amz-signature", "Content-Type", "file"]
    assert picture.content_type == "image/png"


def test_progress_rises_fits_its_schema_and_ends_before_the_result(bench: Bench) -> None:
    bench.run(limits={"progress_interval_s": 0.0001})

    documents = [json.loads(item.data) for item in bench.store.all("progress.json")]
    for document in documents:
        jsonschema.validate(document, PROGRESS_SCHEMA)
    assert [document["sequence"] for document in documents] == [*range(1, len(documents) + 1)]
    percents = [document["percent"] for document in documents]
    assert percents == sorted(percents)
    assert "progress" not in [thread.name for thread in threading.enumerate()]
    assert bench.store.keys()[-1].endswith("result.json")


def test_the_graph_is_run_under_an_id_of_its_own(bench: Bench) -> None:
    bench.run()
    bench.run()

    first, second = bench.comfy.seen.prompts
    assert first["prompt"] == bench.comfy.graph
    assert first["prompt_id"] != second["prompt_id"]
    assert first["client_id"] == second["client_id"]
    assert len(bench.comfy.seen.connections) == 1  # one WebSocket for both


def test_a_fully_cached_run_still_delivers(bench: Bench) -> None:
    bench.comfy.play("run_cached")

    assert bench.run().status == "succeeded"


def test_an_input_image_goes_to_the_engine_under_a_name_of_its_content(bench: Bench) -> None:
    bench.store.inputs["photo"] = png(32, 32, "blue")
    entry = {
        "node": "6",
        "input": "text",
        "url": bench.store.input_url("photo"),
        "max_bytes": 10_000,
    }

    assert bench.run(inputs=[entry]).status == "succeeded"

    ((name, data),) = bench.comfy.seen.uploads.items()
    assert name == f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    assert bench.comfy.seen.prompts[0]["prompt"]["6"]["inputs"]["text"] == name
    assert bench.comfy.graph["6"]["inputs"]["text"] != name  # the job itself is left alone


def test_a_job_ends_at_its_deadline_while_its_image_is_awaited(
    bench: Bench, loop_thread: LoopThread
) -> None:
    go_on = bench.store.held["photo"] = asyncio.Event()
    bench.store.inputs["photo"] = png()

    bench.store.when_asked["photo"] = lambda: bench.clock.skip(PATIENCE_S)

    bench.run(inputs=[photo(bench)])
    loop_thread.loop.call_soon_threadsafe(go_on.set)

    assert bench.result_document()["error"]["kind"] == "engine_unavailable"


def test_a_job_cancelled_while_its_image_is_awaited_ends(
    bench: Bench, loop_thread: LoopThread
) -> None:
    go_on = bench.store.held["photo"] = asyncio.Event()
    bench.store.inputs["photo"] = png()
    bench.store.when_asked["photo"] = lambda: bench.store.objects.update({CANCEL: b""})

    bench.run(inputs=[photo(bench)], cancel_url=bench.store.object_url(CANCEL))
    loop_thread.loop.call_soon_threadsafe(go_on.set)

    error = bench.result_document()["error"]
    assert (error["kind"], error["message"]) == ("interrupted", "the job was cancelled")


def test_a_job_ends_at_its_deadline_while_the_engine_is_given_its_image(bench: Bench) -> None:
    bench.comfy.faults.hang_http = "/upload/image"
    bench.store.inputs["photo"] = png()

    bench.run_out_of_time(bench.comfy.seen.hung.is_set, inputs=[photo(bench)])

    assert bench.result_document()["error"]["kind"] == "engine_unavailable"


def test_a_run_without_files_fails_as_no_output(bench: Bench) -> None:
    bench.comfy.set_outputs({})

    bench.run()

    error = bench.result_document()["error"]
    assert error["kind"] == "no_output"
    assert "Save Image" in error["message"]


def test_files_beyond_the_limit_are_left_out(bench: Bench) -> None:
    names = [f"batch_{index}.png" for index in range(4)]
    bench.comfy.files.update({f"output/sub/{name}": png() for name in names})
    files = [{"filename": name, "subfolder": "sub", "type": "output"} for name in names]
    bench.comfy.set_outputs({"9": {"images": files}})

    result = bench.run(limits={"max_outputs": 3})

    assert [output.name for output in result.outputs] == ["0_9.png", "0_9_1.png", "0_9_2.png"]


def test_an_output_beyond_the_size_limit_fails_the_job(bench: Bench) -> None:
    bench.run(limits={"max_output_bytes": 10})

    error = bench.result_document()["error"]
    assert error["kind"] == "execution_failed"
    assert "10 bytes" in error["message"]


def test_a_bad_envelope_is_reported_where_it_says(bench: Bench) -> None:
    job = bench.job()
    job["outputs"] = ["77"]
    job["upload"]["result"] = bench.store.target("jobs/x/1/result.json")

    bench.run(**{key: job[key] for key in ("outputs", "upload")})

    error = bench.result_document()["error"]
    assert error["kind"] == "bad_job"
    assert error["message"] == "outputs[0]: the graph has no node '77'"


@pytest.mark.parametrize("envelope", [None, [], {}, {"job_id": 5, "upload": {"result": "x"}}])
def test_what_is_no_job_at_all_is_answered(bench: Bench, envelope: object) -> None:
    result = run_job(envelope, bench.deps, bench.stop)

    assert result.failure is not None
    assert result.failure.kind is Kind.BAD_JOB
    assert result.job_id == "unknown"
    jsonschema.validate(result.document(), RESULT_SCHEMA)
    assert bench.store.stored == []


def test_a_500_from_the_store_is_tried_again(bench: Bench) -> None:
    bench.store.answers.queue = {"/outputs/": [500, 503], "result.json": [500]}

    bench.run()

    assert bench.result_document()["status"] == "succeeded"
    assert bench.pauses == [0.5, 1.0, 0.5]


def test_a_403_from_the_store_fails_at_once_and_is_reported(bench: Bench) -> None:
    bench.store.answers.queue = {"/outputs/": [403]}

    bench.run()

    error = bench.result_document()["error"]
    assert error["kind"] == "upload_failed"
    assert "HTTP 403" in error["message"]
    assert "SECRET" not in error["message"]
    assert bench.pauses == []


def test_a_result_that_cannot_be_stored_is_returned_as_a_failure(bench: Bench) -> None:
    bench.store.answers.queue = {"result.json": [500] * 5}

    result = bench.run()

    assert result.failure is not None
    assert result.failure.kind is Kind.UPLOAD_FAILED
    assert bench.store.all("result.json") == []


def test_a_store_that_never_answers_the_result_is_given_up(
    bench: Bench, loop_thread: LoopThread
) -> None:
    def clock() -> float:
        asked = any(key.endswith("result.json") for key in bench.store.tries)
        return time.monotonic() + (PATIENCE_S + 15 if asked else 0)

    go_on = bench.store.held["result.json"] = asyncio.Event()
    bench.deps = replace(bench.deps, clock=clock)

    result = bench.run()
    loop_thread.loop.call_soon_threadsafe(go_on.set)

    assert result.failure is not None
    assert result.failure.kind is Kind.UPLOAD_FAILED
    assert "in time" in result.failure.message


def test_progress_that_cannot_be_stored_does_not_hurt_the_job(bench: Bench) -> None:
    bench.store.answers.queue = {"progress.json": [500] * 1000}

    assert bench.run().status == "succeeded"
    assert bench.pauses == []


def test_a_bug_in_the_worker_is_a_failed_job_not_a_lost_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("gpu_container.worker.outputs.deliver.find_outputs", explode)

    bench.run()

    error = bench.result_document()["error"]
    assert error["kind"] == "execution_failed"
    assert "KeyError" in error["message"]


def test_no_log_line_holds_a_signature_and_each_holds_the_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[str] = []
    formatter = JsonLines()
    monkeypatch.setattr("gpu_container.worker.log._LINES", formatter)
    monkeypatch.setattr(
        caplog.handler, "emit", lambda record: lines.append(formatter.format(record))
    )
    bench.store.inputs["photo"] = png()
    entry = {"node": "6", "input": "text", "url": bench.store.input_url("photo"), "max_bytes": 9999}
    bench.store.answers.queue = {"/outputs/": [500]}

    with caplog.at_level(logging.DEBUG):
        bench.run(inputs=[entry])

    assert "/inputs/photo?…" in "".join(lines)  # urllib3 says it; the query is gone
    assert "SECRET" not in "".join(lines)
    ours = [line for line in map(json.loads, lines) if line["logger"].startswith("gpu_container")]
    assert {line["job_id"] for line in ours} == {"1300000000000000001"}


def test_the_result_says_how_long_each_stage_took(bench: Bench) -> None:
    timings = bench.run().timings

    assert timings.total_s >= timings.inputs_s + timings.engine_s + timings.upload_s
    assert timings.engine_s > 0
    assert timings.upload_s > 0
