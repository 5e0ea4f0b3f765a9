"""The percentage of a whole graph, and the thread that tells it."""

from __future__ import annotations

import io
import os
from threading import Event
from typing import Any

import pytest
from PIL import Image

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job, UploadTarget, parse_job
from gpu_container.worker.progress.preview import MAX_BYTES, small_jpeg
from gpu_container.worker.progress.reporter import Reporter, Snapshot, Tracker
from tests.worker.fake_comfy import graph_of, recording
from tests.worker.test_job_schema import JOB


def job_of(graph: dict[str, Any], interval_s: float = 3600) -> Job:
    limits = {**JOB["limits"], "progress_interval_s": interval_s}
    return parse_job({**JOB, "graph": graph, "outputs": ["9"], "inputs": [], "limits": limits})


def replay(name: str) -> list[Snapshot]:
    tracker = Tracker(job_of(graph_of(name)))
    snapshots = []
    for event in recording(name)["websocket"]:
        if "text" in event:
            tracker.see(Message(event["text"]["type"], event["text"]["data"]))
            snapshots.append(tracker.snapshot())
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


def test_a_sampler_weighs_as_much_as_it_has_steps() -> None:
    tracker = Tracker(job_of(graph_of("run_txt2img")))  # a sampler of 4 steps, 6 other nodes

    tracker.see(Message("executing", {"node": "3"}))
    tracker.see(Message("progress", {"node": "3", "value": 2, "max": 4}))

    snapshot = tracker.snapshot()
    assert snapshot.percent == 20.0
    assert (snapshot.step, snapshot.steps, snapshot.node_id) == (2, 4, "3")


def test_cached_nodes_count_as_done() -> None:
    tracker = Tracker(job_of(graph_of("run_txt2img")))

    tracker.see(Message("execution_cached", {"nodes": ["4", "5", "6", "7"]}))

    assert tracker.snapshot().percent == 40.0


def test_an_engine_that_only_says_executing_is_followed_too() -> None:
    tracker = Tracker(job_of(graph_of("run_txt2img")))

    for node in ("4", "5", "6"):
        tracker.see(Message("executing", {"node": node}))

    assert tracker.snapshot().percent == 20.0


def test_nodes_that_no_output_needs_do_not_count() -> None:
    graph = graph_of("run_txt2img")
    graph["77"] = {"class_type": "KSampler", "inputs": {"steps": 1000}}
    tracker = Tracker(job_of(graph))

    tracker.see(Message("execution_cached", {"nodes": ["4", "5", "6", "7"]}))

    assert tracker.snapshot().percent == 40.0


def test_the_percentage_does_not_fall_when_more_work_shows_up() -> None:
    graph = graph_of("run_txt2img")
    graph["77"] = {"class_type": "KSampler", "inputs": {"steps": 1000}}
    tracker = Tracker(job_of(graph))
    tracker.see(Message("execution_cached", {"nodes": ["4", "5", "6", "7"]}))
    assert tracker.snapshot().percent == 40.0

    tracker.see(Message("progress", {"node": "77", "value": 1, "max": 1000}))

    assert tracker.snapshot().percent == 40.0


@pytest.mark.parametrize("data", [{}, {"node": "3"}, {"node": "3", "value": "x", "max": 0}])
def test_events_without_sense_are_passed_over(data: dict[str, Any]) -> None:
    tracker = Tracker(job_of(graph_of("run_txt2img")))

    tracker.see(Message("progress", data))
    tracker.see(Message("progress_state", {"nodes": {"x": data}}))

    assert tracker.snapshot().percent == 0


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


def reporter(mailbox: Any, interval_s: float = 3600) -> Reporter:
    made = Reporter(
        job_of(graph_of("run_txt2img"), interval_s), mailbox, started=0, clock=lambda: 5
    )
    made.start()
    return made


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
    assert not report._thread.is_alive()


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
