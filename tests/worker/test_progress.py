"""How far a whole graph is, and the thread that tells it."""

from __future__ import annotations

import io
import json
import os
from threading import Event, Timer
from typing import Any, cast

import jsonschema
import pytest
from PIL import Image

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job, UploadTarget, parse_job
from gpu_container.worker.progress import reporter as reporter_module
from gpu_container.worker.progress.preview import MAX_BYTES, small_jpeg
from gpu_container.worker.progress.reporter import Reporter
from gpu_container.worker.progress.tracker import Snapshot, Tracker
from gpu_container.worker.progress.weights import guess
from gpu_container.worker.schema import load
from gpu_container.worker.store.upload import Uploader
from tests.worker.fake_comfy import graph_of, recording
from tests.worker.test_job_schema import JOB


def job_of(graph: dict[str, Any], interval_s: float = 3600) -> Job:
    limits = {**JOB["limits"], "progress_interval_s": interval_s}
    return parse_job({**JOB, "graph": graph, "outputs": ["9"], "inputs": [], "limits": limits})


def replay(name: str) -> list[Snapshot]:
    tracker = Tracker(job_of(graph_of(name)))
    snapshots = []
    for now, event in enumerate(recording(name)["websocket"]):
        if "text" in event:
            tracker.see(Message(event["text"]["type"], event["text"]["data"]), now)
            snapshots.append(tracker.snapshot(now))
    return snapshots


@pytest.mark.parametrize("name", ["run_txt2img", "run_cached", "run_img2img", "run_animated_webp"])
def test_a_recorded_run_rises_to_100(name: str) -> None:
    percents = [snapshot.percent for snapshot in replay(name)]

    assert percents[0] == 0
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert max(percents[:-4]) <= 100


def test_a_failed_run_never_says_100() -> None:
    assert replay("run_execution_error")[-1].percent < 100


def plain_graph() -> dict[str, Any]:
    """Three nodes of 1, 10 and 1 units of work."""
    return {
        "1": {"class_type": "Plain", "inputs": {}},
        "2": {"class_type": "Counting", "inputs": {"steps": 2, "from": ["1", 0]}},
        "9": {"class_type": "Plain", "inputs": {"from": ["2", 0]}},
    }


def share(*nodes: str) -> float:
    graph = plain_graph()
    work = {node: guess(graph, node) for node in graph}
    return round(100 * sum(work[node] for node in nodes) / sum(work.values()), 1)


def test_a_node_counts_by_what_it_is_likely_to_take() -> None:
    tracker = Tracker(job_of(plain_graph()))
    assert share("2") > 80

    tracker.see(Message("executing", {"node": "1"}), 0)
    tracker.see(Message("executing", {"node": "2"}), 1)
    assert tracker.snapshot(1).percent == share("1")
    tracker.see(Message("progress", {"node": "2", "value": 1, "max": 2}), 2)

    snapshot = tracker.snapshot(2)
    assert snapshot.percent == round(share("1") + share("2") / 2, 1)
    assert (snapshot.step, snapshot.steps, snapshot.node_id) == (1, 2, "2")


def test_cached_nodes_count_as_done() -> None:
    tracker = Tracker(job_of(plain_graph()))

    tracker.see(Message("execution_cached", {"nodes": ["1", "2"]}), 0)

    assert tracker.snapshot(0).percent == share("1", "2")


def test_nodes_that_no_output_needs_do_not_count() -> None:
    graph = plain_graph()
    graph["77"] = {"class_type": "KSampler", "inputs": {"steps": 1000}}
    tracker = Tracker(job_of(graph))

    tracker.see(Message("execution_cached", {"nodes": ["1", "2"]}), 0)

    assert tracker.snapshot(0).percent == share("1", "2")


def test_the_percentage_does_not_fall_when_more_work_shows_up() -> None:
    graph = plain_graph()
    graph["77"] = {"class_type": "KSampler", "inputs": {"steps": 1000}}
    tracker = Tracker(job_of(graph))
    tracker.see(Message("execution_cached", {"nodes": ["1", "2"]}), 0)
    before = tracker.snapshot(0).percent

    tracker.see(Message("progress", {"node": "77", "value": 1, "max": 1000}), 1)

    assert tracker.snapshot(1).percent == before


def test_a_graph_that_the_engine_runs_again_neither_falls_nor_counts_what_was_lost() -> None:
    tracker = Tracker(job_of(plain_graph()))
    for node in ("1", "2", "9"):
        tracker.see(Message("executing", {"node": node}), 0)
    before = tracker.snapshot(0).percent

    tracker.see(Message("execution_start", {}), 1)

    assert tracker.snapshot(1).percent == before
    assert tracker.snapshot(1).node_id is None
    tracker.see(Message("execution_success", {}), 2)
    assert tracker.snapshot(2).percent == 100


NO_SENSE: list[dict[str, Any]] = [
    {},
    {"node": "3"},
    {"node": "3", "value": "x", "max": 0},
    {"node": "3", "value": 1, "max": 0},
    {"node": "3", "value": -1, "max": 4},
    {"node": "3", "value": float("nan"), "max": 4},
    {"node": "3", "value": 1, "max": float("inf")},
    {"node": ["3"], "value": 1, "max": 4},
    {"nodes": ["3"]},
]


@pytest.mark.parametrize("data", NO_SENSE)
def test_events_without_sense_are_passed_over(data: dict[str, Any]) -> None:
    tracker = Tracker(job_of(graph_of("run_txt2img")))

    tracker.see(Message("progress", data), 0)
    tracker.see(Message("progress_state", {"nodes": {"x": data}}), 0)
    tracker.see(Message("progress_state", data), 0)

    assert tracker.snapshot(0).percent == 0


class Mailbox:
    """An uploader that lets the test wait for, and hold up, each file."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.arrived = Event()
        self.may_go = Event()
        self.may_go.set()
        self.fail = False

    def post(self, target: UploadTarget, name: str, data: bytes, content_type: str) -> None:
        self.arrived.set()
        self.may_go.wait(5)
        if self.fail:
            raise JobFailed(Kind.UPLOAD_FAILED, "no")
        self.sent.append(data)


@pytest.fixture(autouse=True)
def _the_first_file_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter_module, "FIRST_S", 0.0)


def reporter(mailbox: Any, interval_s: float = 3600) -> Reporter:
    return Reporter(
        job_of(graph_of("run_txt2img"), interval_s), mailbox, started=0, clock=lambda: 5
    )


def test_a_job_that_is_soon_over_sends_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter_module, "FIRST_S", 60.0)
    mailbox = Mailbox()
    report = reporter(mailbox)

    report.see(Message("executing", {"node": "4"}))
    report.stop()  # returns at once

    assert mailbox.sent == []


def test_the_first_progress_is_sent_at_once_and_the_next_not_before_the_interval() -> None:
    mailbox = Mailbox()
    mailbox.may_go.clear()
    report = reporter(mailbox)
    report.see(Message("executing", {"node": "4"}))
    assert mailbox.arrived.wait(5)
    for node in ("5", "6", "7"):
        report.see(Message("executing", {"node": node}))
    mailbox.arrived.clear()
    mailbox.may_go.set()

    assert not mailbox.arrived.wait(0.1)
    report.stop()

    assert len(mailbox.sent) == 1
    assert b'"elapsed_s": 5' in mailbox.sent[0]


def test_a_slow_store_does_not_hold_up_the_job() -> None:
    mailbox = Mailbox()
    mailbox.may_go.clear()
    report = reporter(mailbox, 0.0001)

    for _ in range(1000):
        report.see(Message("executing", {"node": "4"}))  # returns although nothing can be sent

    assert mailbox.sent == []
    mailbox.may_go.set()
    report.stop()


def test_after_stop_nothing_is_sent() -> None:
    mailbox = Mailbox()
    report = reporter(mailbox, 0.0001)
    report.see(Message("executing", {"node": "4"}))
    report.stop()
    sent = len(mailbox.sent)

    report.see(Message("executing", {"node": "5"}))

    assert len(mailbox.sent) == sent


def test_the_end_of_the_telling_is_not_held_up_by_a_store_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporter_module, "LAST_S", 0.01)
    mailbox = Mailbox()
    mailbox.may_go.clear()
    report = reporter(mailbox, 0.0001)
    report.see(Message("executing", {"node": "4"}))
    assert mailbox.arrived.wait(5)

    report.end()
    report.stop()  # returns although the file is still on its way

    assert mailbox.sent == []
    mailbox.may_go.set()
    assert report._telling is not None
    assert report._telling.wait(5)
    assert len(mailbox.sent) == 1  # and no other was begun


def test_a_file_on_its_way_is_waited_for() -> None:
    mailbox = Mailbox()
    mailbox.may_go.clear()
    report = reporter(mailbox)
    report.see(Message("executing", {"node": "4"}))
    assert mailbox.arrived.wait(5)
    report.end()

    Timer(0.05, mailbox.may_go.set).start()
    report.stop()

    assert len(mailbox.sent) == 1


def test_what_is_told_fits_the_schema_with_and_without_a_time_left() -> None:
    mailbox = Mailbox()
    now = iter([0.0, 1.0, 2.0, 3.0, *[4.0] * 10])
    job = job_of(plain_graph(), 0.0001)
    report = Reporter(job, cast("Uploader", mailbox), started=0, clock=lambda: next(now))
    report.see(Message("executing", {"node": "1"}))
    assert mailbox.arrived.wait(5)
    report.stop()
    first = json.loads(mailbox.sent[0])

    schema = jsonschema.Draft202012Validator(load("progress.schema.json"))
    assert first["eta_s"] is None
    for eta_s in (None, 0, 12.5):
        schema.validate({**first, "eta_s": eta_s})
    assert not schema.is_valid({**first, "eta_s": -1})
    del first["eta_s"]
    schema.validate(first)


def test_a_failed_send_does_not_end_the_telling() -> None:
    mailbox = Mailbox()
    mailbox.fail = True
    report = reporter(mailbox, 0.0001)
    report.see(Message("executing", {"node": "4"}))
    assert mailbox.arrived.wait(5)
    mailbox.fail = False
    mailbox.arrived.clear()

    report.see(Message("executing", {"node": "5"}))

    assert mailbox.arrived.wait(5)
    report.stop()


def test_a_preview_frame_travels_with_the_progress() -> None:
    mailbox = Mailbox()
    report = reporter(mailbox)

    report.see(Preview(b"\xff\xd8\xffframe"))
    assert mailbox.arrived.wait(5)
    report.stop()

    assert b'"content_type": "image/jpeg"' in mailbox.sent[0]


def test_a_small_jpeg_is_passed_on_as_it_is() -> None:
    assert small_jpeg(b"\xff\xd8\xffsmall") == b"\xff\xd8\xffsmall"


def test_a_large_frame_is_made_small() -> None:
    noise = Image.frombytes("RGB", (1024, 1024), os.urandom(3 << 20))
    out = io.BytesIO()
    noise.save(out, "PNG")

    small = small_jpeg(out.getvalue())

    assert small is not None
    assert len(small) <= MAX_BYTES
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "JPEG"


def test_a_frame_that_is_no_image_is_left_out() -> None:
    assert small_jpeg(b"nothing") is None
