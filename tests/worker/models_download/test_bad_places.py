"""Places that lie, refuse, break or say nothing: what is tried again, and what is said at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

from gpu_container.worker.models.declared import Web
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from tests.worker.model_server import CONTENT, FakeTime, ModelServer, Turn, files_in, model_server
from tests.worker.models_download.conftest import FINAL, fetch


def test_a_wrong_hash_is_an_error_and_the_file_is_deleted(
    server: ModelServer, tmp_path: Path
) -> None:
    model = dataclasses.replace(server.model(), sha256="0" * 64)

    with pytest.raises(ModelUnavailable, match=r"SHA-256 is another.*deleted"):
        fetch(model, tmp_path)

    assert files_in(tmp_path) == set()
    assert len(server.seen) == 1, "the same bytes would only come again"


class Lie(NamedTuple):
    turn: Turn
    said: str


@pytest.mark.parametrize(
    "lie",
    [
        Lie(Turn(headers={"Content-Length": "6000"}), "has 6000 bytes, models.toml says 5127"),
        Lie(Turn(headers={"Content-Length": "10"}), "has 10 bytes, models.toml says 5127"),
        Lie(Turn(content=CONTENT + b"!"), "has 5128 bytes"),
        Lie(Turn(content=CONTENT + b"!", chunked=True), "sends more than the 5127 bytes"),
        Lie(Turn(headers={"Content-Encoding": "gzip"}), "compressed"),
        Lie(Turn(status=404), "HTTP 404: there is no such file"),
        Lie(Turn(status=410), "HTTP 410: the file is gone"),
        Lie(Turn(status=401), "HTTP 401.*HF_TOKEN"),
        Lie(Turn(status=403), "HTTP 403.*accept the licence"),
        Lie(Turn(status=418), "HTTP 418"),
        Lie(Turn(status=204), "HTTP 204"),
    ],
    ids=lambda lie: lie.said,
)
def test_what_will_not_get_better_is_said_at_once(
    server: ModelServer, tmp_path: Path, time: FakeTime, lie: Lie
) -> None:
    server.always = lie.turn

    with pytest.raises(ModelUnavailable, match=lie.said) as caught:
        fetch(server.model(), tmp_path, time)

    assert FINAL in str(caught.value)
    assert server.origin in str(caught.value)
    assert len(server.seen) == 1
    assert files_in(tmp_path) == set()


def test_a_body_without_a_length_that_ends_early_is_not_the_file(
    server: ModelServer, tmp_path: Path
) -> None:
    server.always = Turn(content=CONTENT[:700], chunked=True, ranges=False)

    with pytest.raises(ModelUnavailable, match="ended before the file did; 700 of 5127"):
        fetch(server.model(), tmp_path)
    assert not (tmp_path / FINAL).exists()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(
    server: ModelServer, tmp_path: Path, time: FakeTime, status: int
) -> None:
    server.turns = [Turn(status=status, headers={"Retry-After": "7"})]

    fetch(server.model(), tmp_path, time)
    assert time.slept == [7.0]


def test_a_retry_that_is_asked_for_in_a_year_is_not_waited_for(
    server: ModelServer, tmp_path: Path, time: FakeTime
) -> None:
    server.turns = [Turn(status=503, headers={"Retry-After": "31536000"})]

    fetch(server.model(), tmp_path, time)
    assert time.slept == [60.0]


def test_nobody_at_the_address_is_an_error_after_five_tries(tmp_path: Path, time: FakeTime) -> None:
    with model_server() as gone:
        model = gone.model()

    with pytest.raises(ModelUnavailable, match="did not answer: ConnectionError"):
        fetch(model, tmp_path, time)
    assert len(time.slept) == 4


def test_a_silent_server_is_given_up(server: ModelServer, tmp_path: Path, time: FakeTime) -> None:
    never = Event()
    server.always = Turn(hold=never)
    model = server.model()
    assert isinstance(model.source, Web)
    watch = Watch(sleep=time.sleep, clock=time.clock)
    try:
        with pytest.raises(ModelUnavailable, match="the connection broke"):
            bring(model, HttpSource(model.source.url, silence_s=0.05), tmp_path, watch)
    finally:
        never.set()
    assert not (tmp_path / FINAL).exists()


def test_who_is_told_to_stop_does_not_wait_for_a_silent_server(
    server: ModelServer, tmp_path: Path, time: FakeTime
) -> None:
    class Stopped(Exception):
        pass

    told: list[int] = []

    def check() -> None:
        if told:
            raise Stopped

    never = Event()
    server.always = Turn(hold=never)
    watch = Watch(check=check, saw=told.append, sleep=time.sleep, clock=time.clock)
    try:
        with pytest.raises(Stopped):
            bring(server.model(), HttpSource(f"{server.origin}/a", silence_s=0.05), tmp_path, watch)
    finally:
        never.set()
    assert time.slept == [], "it did not find out that the server is silent"
