"""A model's hash is taken once, and again when the file has changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from gpu_container.worker.models import verified as module
from gpu_container.worker.models.declared import Model, Web
from gpu_container.worker.models.verified import Verified, sha256_of

CONTENT = b"weights" * 100


class Hashing:
    """Counts the files that are hashed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, *args: object) -> str:
        self.times += 1
        return sha256_of(*args)  # type: ignore[arg-type]


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    counted = Hashing()
    monkeypatch.setattr(module, "sha256_of", counted)
    return counted


def model(content: bytes = CONTENT) -> Model:
    digest = hashlib.sha256(content).hexdigest()
    return Model("a.bin", "vae", Web("https://example.com/a"), digest, len(content), "MIT")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    return path


def test_a_file_is_hashed_once_by_all_who_see_it(file: Path, hashing: Hashing) -> None:
    first = Verified()

    assert first.is_right(file, model())
    assert first.is_right(file, model())
    assert Verified().is_right(file, model())  # another process, on the same volume

    assert hashing.times == 1


def test_a_file_that_was_changed_is_hashed_again(file: Path, hashing: Hashing) -> None:
    known = Verified()
    assert known.is_right(file, model())
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(0, time.time_ns() + 10**9))

    assert not known.is_right(file, model())
    assert not known.is_right(file, model())
    assert not Verified().is_right(file, model())
    assert hashing.times == 3  # what is wrong is remembered by its process alone


def test_a_file_of_another_size_is_not_even_read(file: Path, hashing: Hashing) -> None:
    assert not Verified().is_right(file, model(b"short"))
    assert not Verified().is_right(file.with_name("none"), model())
    assert hashing.times == 0


def test_what_stands_beside_a_file_is_believed_for_the_declared_hash_alone(
    file: Path, hashing: Hashing
) -> None:
    assert Verified().is_right(file, model())

    assert not Verified().is_right(file, model(CONTENT[::-1]))
    assert hashing.times == 2


@pytest.mark.parametrize("beside", [b"\xff", b"", b"nonsense"])
def test_what_cannot_be_read_beside_it_says_nothing(
    file: Path, hashing: Hashing, beside: bytes
) -> None:
    file.with_name(".a.bin.sha256").write_bytes(beside)

    assert Verified().is_right(file, model())
    assert hashing.times == 1


def test_where_nothing_can_be_written_the_process_remembers(
    file: Path, hashing: Hashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", read_only)
    known = Verified()

    assert known.is_right(file, model())
    assert known.is_right(file, model())
    assert hashing.times == 1
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_was_just_brought_is_not_hashed(file: Path, hashing: Hashing) -> None:
    known = Verified()
    known.note(file, model())

    assert known.is_right(file, model())
    assert Verified().is_right(file, model())
    assert hashing.times == 0


def test_a_hashing_can_be_ended(file: Path) -> None:
    class Enough(Exception):
        pass

    def check() -> None:
        raise Enough

    with pytest.raises(Enough):
        Verified().is_right(file, model(), check)
    assert Verified().is_right(file, model())
