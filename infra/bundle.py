"""Makes a room's zip folder without Docker and network: the listed files, and its packages.

An include-list, so that what a room does not need cannot slip in; named by its content, so that an
unchanged room is neither built nor deployed again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk.aws_lambda import AssetCode, Code

from infra.room_packages import packages_of, requirements_of
from infra.rooms import Room
from infra.settings import Settings

REPOSITORY = Path(__file__).parent.parent


def room_code(room: Room, settings: Settings) -> AssetCode:
    """Return the code of a room; it is built when the app is synthesized, if it has changed."""
    return Code.from_asset(
        str(REPOSITORY),
        asset_hash=bundle_hash(room, settings),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-used"), local=RoomBundle(room, settings)
        ),
    )


def bundle_hash(room: Room, settings: Settings) -> str:
    """Hash what determines the bundle: the files, the pinned packages and the target."""
    digest = hashlib.sha256(f"{settings.target} {settings.python_version}".encode())
    for file in (requirements_of(room.name), *room_files(room)):
        digest.update(str(file.relative_to(REPOSITORY)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def room_files(room: Room) -> list[Path]:
    """List the files of the repository that belong to a room, in a fixed order."""
    sources = (*room.sources, "lambdas/__init__.py", f"lambdas/{room.name}")
    return sorted(file for source in sources for file in _files(REPOSITORY / source))


def _files(source: Path) -> Iterator[Path]:
    if not source.exists():
        raise FileNotFoundError(f"{source}: listed in infra/rooms.py, but not there")
    for path in [source] if source.is_file() else source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield path


@jsii.implements(ILocalBundling)
class RoomBundle:
    """Builds one room into the folder that the CDK names."""

    def __init__(self, room: Room, settings: Settings) -> None:
        self._room = room
        self._settings = settings

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_: Any) -> bool:
        """Build; raises NotInstalled rather than fall back to Docker."""
        output = Path(output_dir)
        target, python = self._settings.target, self._settings.python_version
        packages = packages_of(self._room.name, target, python)
        shutil.copytree(packages, output, dirs_exist_ok=True)
        for file in room_files(self._room):
            copy = output / file.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return True
