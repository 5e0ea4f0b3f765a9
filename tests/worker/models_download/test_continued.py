"""What is here already is continued where the line broke, and never mixed with another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_container.worker.models.download import ModelUnavailable
from tests.worker.model_server import CONTENT, FakeTime, ModelServer, Turn
from tests.worker.models_download.conftest import FINAL, fetch


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
