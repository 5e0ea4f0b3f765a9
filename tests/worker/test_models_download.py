"""A model file is under its final name whole and right, or it is not there."""

from __future__ import annotations

import dataclasses
import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_container.worker.models import download
from gpu_container.worker.models.declared import Model, Web
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from tests.worker.model_server import (
    CONTENT,
    FakeTime,
    ModelServer,
    Turn,
    files_in,
    model_server,
    with_note,
)

FINAL = "checkpoints/a.safetensors"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def fetch(model: Model, folder: Path, time: FakeTime | None = None, **watch: Any) -> bool:
    time = time or FakeTime()
    assert isinstance(model.source, Web)
    patience = Watch(sleep=time.sleep, clock=time.clock, **watch)
    return bring(model, HttpSource(model.source.url), folder, patience)


def test_a_model_is_brought_and_nothing_else_is_left(server: ModelServer, tmp_path: Path) -> None:
    assert fetch(server.model(), tmp_path)

    assert (tmp_path / FINAL).read_bytes() == CONTENT
    assert files_in(tmp_path) == with_note(FINAL)
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_a_model_that_is_here_is_not_asked_for(server: ModelServer, tmp_path: Path) -> None:
    fetch(server.model(), tmp_path)

    assert not fetch(server.model(), tmp_path)
    assert len(server.seen) == 1


def test_half_a_file_under_the_final_name_is_replaced(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / FINAL).write_bytes(CONTENT[:100])

    assert fetch(server.model(), tmp_path)
    assert (tmp_path / FINAL).read_bytes() == CONTENT


@given(
    cuts=st.lists(st.integers(0, len(CONTENT)), max_size=8),
    deaths=st.sets(st.integers(1, 12)),
    etag=st.booleans(),
    change_at=st.none() | st.integers(0, 8),
    ranges=st.lists(st.booleans(), min_size=8, max_size=8),
    chunked=st.booleans(),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cut_at_any_byte_the_file_is_absent_or_exactly_right(
    cuts: list[int],
    deaths: set[int],
    etag: bool,
    change_at: int | None,
    ranges: list[bool],
    chunked: bool,
) -> None:
    """Lines that break, a process that ends and comes back, a file that was another one before."""
    with SHARED as server, tempfile.TemporaryDirectory() as name:
        other = CONTENT[::-1]
        server.etag = etag
        server.turns = [
            Turn(
                cut=cut,
                ranges=ranges[number],
                chunked=chunked,
                content=other if change_at is not None and number <= change_at else None,
            )
            for number, cut in enumerate(cuts)
        ]
        folder, looks = Path(name), 0

        def look() -> None:
            nonlocal looks
            looks += 1
            assert not (folder / FINAL).exists()
            if looks in deaths:
                raise KeyboardInterrupt

        brought = False
        for _ in range(40):
            try:
                brought = fetch(server.model(), folder, check=look)
                break
            except (KeyboardInterrupt, ModelUnavailable):
                assert not (folder / FINAL).exists()
        assert brought
        assert (folder / FINAL).read_bytes() == CONTENT
        assert files_in(folder) == with_note(FINAL)


class _Shared:
    """One server for all examples: a context that opens once and closes with the module."""

    def __init__(self) -> None:
        self._context: Any = None
        self._server: ModelServer | None = None

    def __enter__(self) -> ModelServer:
        if self._server is None:
            self._context = model_server()
            self._server = self._context.__enter__()
        return self._server

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)


SHARED = _Shared()


@pytest.fixture(scope="module", autouse=True)
def end_of_the_shared_server() -> Iterator[None]:
    yield
    SHARED.close()


def test_a_broken_line_is_continued_where_it_broke(server: ModelServer, tmp_path: Path) -> None:
    server.turns = [Turn(cut=1000)]

    fetch(server.model(), tmp_path)

    again = server.seen[1].headers
    assert again["Range"] == "bytes=1000-"
    assert again["If-Range"].startswith('"')
    assert (tmp_path / FINAL).read_bytes() == CONTENT


def test_another_process_continues_what_one_has_left(server: ModelServer, tmp_path: Path) -> None:
    class Dead(Exception):
        pass

    def die(here: int) -> None:
        raise Dead

    server.turns = [Turn(cut=2000)]
    with pytest.raises(Dead):
        fetch(server.model(), tmp_path, saw=die)
    assert not (tmp_path / FINAL).exists()

    assert fetch(server.model(), tmp_path)
    assert server.seen[1].headers["Range"].startswith("bytes=")


def test_a_file_that_changed_between_two_tries_is_fetched_from_its_start(
    server: ModelServer, tmp_path: Path
) -> None:
    server.turns = [Turn(cut=1000, content=CONTENT[::-1])]

    fetch(server.model(), tmp_path)

    assert len(server.seen) == 2, "If-Range has the server send all of it at once"
    assert (tmp_path / FINAL).read_bytes() == CONTENT


def test_a_server_that_ignores_if_range_does_not_get_two_files_mixed(
    server: ModelServer, tmp_path: Path
) -> None:
    server.etag = False
    server.turns = [Turn(cut=1000, content=CONTENT[::-1])]

    fetch(server.model(), tmp_path)

    assert ["Range" in seen.headers for seen in server.seen] == [False, True, False]
    assert (tmp_path / FINAL).read_bytes() == CONTENT


def test_the_rest_of_another_file_is_not_even_read(server: ModelServer, tmp_path: Path) -> None:
    """It ignores If-Range, but says itself that the file is another one."""
    server.turns = [Turn(cut=1000), Turn(headers={"ETag": '"another"'})]
    seen: list[int] = []

    fetch(server.model(), tmp_path, saw=seen.append)

    assert [len(CONTENT)] == [here for here in seen if here > 1000]
    assert "Range" not in server.seen[2].headers


def test_a_weak_etag_is_never_sent_as_a_condition(server: ModelServer, tmp_path: Path) -> None:
    server.turns = [Turn(cut=1000, headers={"ETag": 'W/"1"'})]
    server.etag = False

    fetch(server.model(), tmp_path)

    assert "If-Range" not in server.seen[1].headers


def test_a_server_without_ranges_is_read_from_the_start_again(
    server: ModelServer, tmp_path: Path
) -> None:
    server.always = Turn(ranges=False)
    server.turns = [Turn(ranges=False, cut=1000)]

    fetch(server.model(), tmp_path)
    assert (tmp_path / FINAL).read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_breaks_is_given_up(
    server: ModelServer, tmp_path: Path, time: FakeTime
) -> None:
    server.always = Turn(ranges=False, cut=1000)

    with pytest.raises(ModelUnavailable, match="1000 of 5127 bytes are here"):
        fetch(server.model(), tmp_path, time)

    assert len(server.seen) == 5
    assert time.slept == [1.0, 2.0, 4.0, 8.0]


def test_a_range_that_is_another_one_than_was_asked_for_is_not_used(
    server: ModelServer, tmp_path: Path
) -> None:
    server.turns = [Turn(cut=1000), Turn(headers={"Content-Range": "bytes 900-5126/5127"})]

    fetch(server.model(), tmp_path)

    assert "Range" not in server.seen[2].headers
    assert (tmp_path / FINAL).read_bytes() == CONTENT


def test_a_file_that_has_become_shorter_than_what_is_here_is_fetched_anew(
    server: ModelServer, tmp_path: Path
) -> None:
    server.turns = [Turn(cut=1000), Turn(status=416)]

    fetch(server.model(), tmp_path)
    assert (tmp_path / FINAL).read_bytes() == CONTENT


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


def test_no_room_is_found_out_before_anything_is_asked_for(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage(10_000, 9_000, 1_000)  # type: ignore[attr-defined]
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)

    with pytest.raises(ModelUnavailable, match=r"no room in .*checkpoints"):
        fetch(server.model(), tmp_path)
    assert server.seen == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_meanwhile_is_said_and_what_is_here_is_kept(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(ModelUnavailable, match="no room in"):
        fetch(server.model(), tmp_path, saw=full)

    assert not (tmp_path / FINAL).exists()
    assert any(name.endswith(".part") for name in files_in(tmp_path))
    assert fetch(server.model(), tmp_path)


def test_a_disk_that_takes_no_more_in_the_middle_of_the_file_is_said(
    server: ModelServer, tmp_path: Path
) -> None:
    """The system itself refuses the write: this process may write no file beyond 2,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(ModelUnavailable, match="no room in"):
            fetch(server.model(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not (tmp_path / FINAL).exists()
    assert fetch(server.model(), tmp_path)
    assert server.seen[1].headers["Range"] == "bytes=2000-"


def test_the_part_of_another_version_is_removed_and_a_neighbour_s_is_not(
    server: ModelServer, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    old = folder / f".a.safetensors.{'1' * 16}.part"
    neighbour = folder / f".a.safetensors.2.{'1' * 16}.part"
    for path in (old, neighbour):
        path.write_bytes(b"half")

    fetch(server.model(), tmp_path)

    assert not old.exists()
    assert neighbour.exists()


def test_a_folder_that_cannot_be_made_is_said_without_a_stack(
    server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").write_text("a file where a folder should be")

    with pytest.raises(ModelUnavailable, match="cannot be written to"):
        fetch(server.model(), tmp_path)


def test_a_model_in_a_folder_of_its_folder_gets_there(server: ModelServer, tmp_path: Path) -> None:
    fetch(server.model("loras/styles/ink (v2).safetensors"), tmp_path)

    assert files_in(tmp_path) == with_note("loras/styles/ink (v2).safetensors")


def test_what_was_written_is_flushed_before_it_gets_its_name(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    def fsync(_: int) -> None:
        synced.append((tmp_path / FINAL).exists())

    monkeypatch.setattr(download.os, "fsync", fsync)
    fetch(server.model(), tmp_path)

    assert synced == [False, True], "the file, and then the folder that names it"
