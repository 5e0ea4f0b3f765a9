"""The engine's files go when no job can need them any more, and not before."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpu_container.worker.outputs.find import EngineFile
from gpu_container.worker.outputs.leftovers import KEEP_S, Leftovers
from gpu_container.worker.outputs.locate import located

HOUR = KEEP_S


class Disk:
    """An engine's folders at a time that only moves when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, "http://127.0.0.1:9"
        self.now = 1_800_000_000.0
        for name in ("output/run", "temp", "input"):
            (folder / name).mkdir(parents=True)
        self.leftovers = Leftovers(self, lambda: self.now)

    def make(self, name: str) -> Path:
        path = self.folder / name
        path.write_bytes(b"x")
        os.utime(path, (self.now, self.now))
        return path

    def run_a_job(self) -> None:
        with self.leftovers.kept():
            pass


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.mark.parametrize("name", ["output/fox.png", "output/run/fox.png", "temp/a.png", "input/b"])
def test_a_file_goes_an_hour_after_it_was_made(disk: Disk, name: str) -> None:
    file = disk.make(name)
    disk.run_a_job()
    disk.now += HOUR - 1
    disk.run_a_job()
    assert file.exists()
    disk.now += 62
    disk.run_a_job()
    assert not file.exists()


def test_nothing_goes_that_a_running_job_may_have_made(disk: Disk) -> None:
    with disk.leftovers.kept():
        file = disk.make("output/first_of_a_long_film.mp4")
        disk.now += 5 * HOUR
        disk.run_a_job()
        assert file.exists()
    disk.now += 61
    disk.run_a_job()
    assert not file.exists()


def test_a_file_that_is_delivered_again_stays_an_hour_longer(disk: Disk) -> None:
    cached, other = disk.make("output/fox.png"), disk.make("output/owl.png")
    disk.now = time.time() + 60  # a file that is read has the time of the machine
    for file in (cached, other):
        os.utime(file, (disk.now - 2 * HOUR, disk.now - 2 * HOUR))
    with disk.leftovers.kept(), located(disk, EngineFile("fox.png", "", "output"), 1):
        pass
    assert cached.exists()
    assert not other.exists()
    disk.now += HOUR + 61
    disk.run_a_job()
    assert not cached.exists()


def test_what_lies_outside_the_engines_folders_stays(disk: Disk, tmp_path: Path) -> None:
    model, elsewhere = disk.make("model.safetensors"), disk.make("kept.txt")
    (tmp_path / "output" / "link").symlink_to(elsewhere)
    disk.now += 2 * HOUR
    disk.run_a_job()
    assert model.exists()
    assert elsewhere.exists()


def test_an_engine_of_somebody_else_keeps_its_files(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.leftovers = Leftovers(SimpleNamespace(folder=None), lambda: disk.now)
    file = disk.make("output/fox.png")
    disk.now += 2 * HOUR
    disk.run_a_job()
    assert file.exists()
