"""What goes into a room's bundle, and when it is made anew.

That a room imports from its bundle alone is held by `tests/house_rules/test_rooms.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import bundle, room_packages
from infra.rooms import ROOMS, Room
from tests.infra.conftest import EXAMPLE, ROOT, settings_of

LOCAL = settings_of({**EXAMPLE, "target": "local"})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_bundle_holds_its_own_room_and_no_other(room: Room) -> None:
    files = {str(file.relative_to(ROOT)) for file in bundle.room_files(room)}

    assert f"lambdas/{room.name}/main.py" in files
    others = {other.name for other in ROOMS} - {room.name}
    assert not any(file.startswith(f"lambdas/{other}/") for file in files for other in others)
    assert not any("__pycache__" in file for file in files)


def test_the_name_of_a_bundle_is_the_same_until_something_in_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = Room(
        name="r", sources=("code.py",), variables=(), memory_mib=1, timeout_s=1, runs_at_most=1
    )
    (tmp_path / "lambdas" / "r").mkdir(parents=True)
    (tmp_path / "lambdas" / "__init__.py").touch()
    requirements = tmp_path / "lambdas" / "r" / "requirements.txt"
    requirements.write_text("a==1\n")
    code = tmp_path / "code.py"
    code.write_text("1")
    monkeypatch.setattr(bundle, "REPOSITORY", tmp_path)
    monkeypatch.setattr(room_packages, "REPOSITORY", tmp_path)

    names = [bundle.bundle_hash(room, LOCAL), bundle.bundle_hash(room, LOCAL)]
    code.write_text("2")
    names.append(bundle.bundle_hash(room, LOCAL))
    requirements.write_text("a==2\n")
    names.append(bundle.bundle_hash(room, LOCAL))
    names.append(bundle.bundle_hash(room, settings_of(EXAMPLE)))

    assert names[0] == names[1]
    assert len(set(names[1:])) == 4


def test_a_source_that_is_not_there_is_named() -> None:
    room = Room(
        name="dispatcher",
        sources=("gone",),
        variables=(),
        memory_mib=1,
        timeout_s=1,
        runs_at_most=1,
    )

    with pytest.raises(FileNotFoundError, match=r"infra/rooms\.py"):
        bundle.room_files(room)
