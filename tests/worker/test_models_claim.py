"""Two workers, one volume, one model: it is brought once, whatever happens to either."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gpu_container.worker.models import claim as module
from gpu_container.worker.models.claim import STALE_S, Claim, ClaimLost
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from tests.house_rules.repository import ROOT
from tests.worker.model_server import CONTENT, FakeTime, Turn, files_in, model_server, with_note

FINAL = "checkpoints/a.safetensors"


def nothing() -> None:
    pass


def test_two_workers_that_want_one_model_bring_it_once(tmp_path: Path) -> None:
    let_go, waits = Event(), Event()

    def look_again(_: float) -> None:
        waits.set()
        let_go.wait(0.01)

    with model_server() as server, ThreadPoolExecutor() as pool:
        server.turns = [Turn(hold=let_go)]
        source, model = HttpSource(f"{server.origin}/a"), server.model()
        first = pool.submit(bring, model, source, tmp_path)
        assert server.asked.wait(10)
        second = pool.submit(bring, model, source, tmp_path, Watch(sleep=look_again))
        assert waits.wait(10)
        assert not (tmp_path / FINAL).exists()
        let_go.set()

        assert first.result(10)
        assert not second.result(10), "it found the file that the first one brought"
        assert len(server.seen) == 1
    assert (tmp_path / FINAL).read_bytes() == CONTENT
    assert files_in(tmp_path) == with_note(FINAL)


def test_what_a_killed_process_has_left_is_continued(tmp_path: Path) -> None:
    with model_server() as server:
        server.turns = [Turn(hold=Event(), cut=3000)]
        model, source = server.model(), HttpSource(f"{server.origin}/a")
        program = (
            "import sys; from pathlib import Path\n"
            "from gpu_container.worker.models.declared import Model, Web\n"
            "from gpu_container.worker.models import download\n"
            "from gpu_container.worker.models.http_source import HttpSource\n"
            "download._CHUNK_BYTES = 500\n"
            f"model = Model('a.safetensors', 'checkpoints', Web('x'), '{model.sha256}', 5127, '')\n"
            f"download.bring(model, HttpSource('{server.origin}/a'), Path({str(tmp_path)!r}))\n"
        )
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
        try:
            assert server.asked.wait(30)
            (part,) = wait_for_part(tmp_path)
        finally:
            process.kill()
            process.wait()
        here = part.stat().st_size
        assert any(name.endswith(".lock") for name in files_in(tmp_path))
        assert not (tmp_path / FINAL).exists()

        time = FakeTime()
        assert bring(model, source, tmp_path, Watch(sleep=time.sleep, clock=time.clock))
        assert server.seen[1].headers["Range"] == f"bytes={here}-"
        assert sum(time.slept) >= STALE_S, "its lock may be another machine's, which still works"
    assert (tmp_path / FINAL).read_bytes() == CONTENT
    assert files_in(tmp_path) == with_note(FINAL)


def wait_for_part(folder: Path) -> list[Path]:
    soon = Event()
    for _ in range(1000):
        if found := [path for path in folder.rglob("*.part") if path.stat().st_size]:
            return found
        soon.wait(0.01)
    return []


def test_a_claim_that_is_touched_is_never_taken(tmp_path: Path) -> None:
    class EnoughSeen(Exception):
        pass

    time = FakeTime()
    owner = Claim(tmp_path / "lock")
    touched = 0

    def check() -> None:
        nonlocal touched
        touched += 1
        os.utime(tmp_path / "lock", ns=(touched, touched))
        if time.now > 1000 + 5 * STALE_S:
            raise EnoughSeen

    with owner.held(nothing):
        other = Claim(tmp_path / "lock", clock=time.clock, sleep=time.sleep)
        with pytest.raises(EnoughSeen), other.held(check):
            pytest.fail("it took a claim that somebody holds")
        owner.beat()


def test_a_beat_shows_on_the_disk(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "lock")
    with claim.held(nothing):
        os.utime(tmp_path / "lock", ns=(1, 1))
        claim.beat()

        assert (tmp_path / "lock").stat().st_mtime_ns > 1


def test_an_owner_that_slept_too_long_may_not_write_any_more(tmp_path: Path) -> None:
    time, others = FakeTime(), FakeTime()
    owner = Claim(tmp_path / "lock", clock=time.clock)
    other = Claim(tmp_path / "lock", clock=others.clock, sleep=others.sleep)
    with owner.held(nothing), other.held(nothing):
        owner.confirm()  # it has not slept: nothing is asked of the disk
        time.sleep(STALE_S)
        with pytest.raises(ClaimLost):
            owner.confirm()
        with pytest.raises(ClaimLost):
            owner.beat()
        other.beat()
    assert files_in(tmp_path) == set()


def test_an_owner_that_slept_and_was_not_missed_goes_on(tmp_path: Path) -> None:
    time = FakeTime()
    claim = Claim(tmp_path / "lock", clock=time.clock)
    with claim.held(nothing):
        time.sleep(10 * STALE_S)
        claim.confirm()
        assert files_in(tmp_path) == {"lock"}


def test_a_new_claim_is_not_taken_for_the_dead_one(tmp_path: Path) -> None:
    """Somebody else has been quicker between the look at the dead lock and its removal."""
    new = Claim(tmp_path / "lock")
    with new.held(nothing):
        Claim(tmp_path / "lock")._remove((b"dead", 1))

        new.beat()
        assert files_in(tmp_path) == {"lock"}


def test_a_download_whose_claim_is_lost_never_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_over(_: int) -> None:
        (tmp_path / "checkpoints" / ".a.safetensors.lock").write_bytes(b"another's")

    monkeypatch.setattr(module, "BEAT_S", 1000.0)
    with (
        model_server() as server,
        pytest.raises(ModelUnavailable, match="another process has taken this download over"),
    ):
        source = HttpSource(f"{server.origin}/a")
        bring(server.model(), source, tmp_path, Watch(saw=taken_over))

    assert not (tmp_path / FINAL).exists()
    assert (tmp_path / "checkpoints" / ".a.safetensors.lock").read_bytes() == b"another's"


def test_who_has_slept_through_a_takeover_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = FakeTime()

    def sleep_too_long(_: float) -> None:
        (tmp_path / "checkpoints" / ".a.safetensors.lock").write_bytes(b"another's")
        time.sleep(STALE_S)

    monkeypatch.setattr(module, "BEAT_S", 1000.0)
    watch = Watch(sleep=sleep_too_long, clock=time.clock)
    with model_server() as server, pytest.raises(ModelUnavailable, match="taken this download"):
        server.turns = [Turn(cut=1000)]
        bring(server.model(), HttpSource(f"{server.origin}/a"), tmp_path, watch)

    (part,) = tmp_path.rglob("*.part")
    assert part.stat().st_size == 1000
