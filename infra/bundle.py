"""Makes a room's zip folder without Docker: the listed files, and its packages as wheels.

An include-list, so that what a room does not need cannot slip in; named by its content, so that an
unchanged room is neither built nor deployed again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk.aws_lambda import AssetCode, Code

from infra.rooms import Room
from infra.settings import Settings

REPOSITORY = Path(__file__).parent.parent
_LEFTOVERS = ("bin", ".lock", "aws_lambda_powertools/event_handler")
"""What packages bring and no room uses. Powertools' routes are a sixth of the smallest bundle."""
_LAMBDA_PLATFORM = "aarch64-manylinux_2_28"


class BundleFailed(RuntimeError):
    """A room's packages could not be installed; says which, and what the installer said."""


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
    for file in (_requirements(room), *room_files(room)):
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


def _requirements(room: Room) -> Path:
    return REPOSITORY / "lambdas" / room.name / "requirements.txt"


@jsii.implements(ILocalBundling)
class RoomBundle:
    """Builds one room into the folder that the CDK names."""

    def __init__(self, room: Room, settings: Settings) -> None:
        self._room = room
        self._settings = settings

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_: Any) -> bool:
        """Build; raises BundleFailed rather than fall back to Docker."""
        output = Path(output_dir)
        self._install(output)
        for file in room_files(self._room):
            copy = output / file.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return True

    def _install(self, output: Path) -> None:
        platform = [] if self._settings.is_local else ["--python-platform", _LAMBDA_PLATFORM]
        # fmt: off
        command = [
            sys.executable, "-m", "uv", "pip", "install", "--quiet",
            "--target", str(output),
            "--no-deps",  # the file pins every package, so there is nothing to resolve
            "--only-binary", ":all:",
            "--python-version", self._settings.python_version, *platform,
            "--no-compile-bytecode", "--system-certs",
            "--requirement", str(_requirements(self._room)),
        ]
        # fmt: on
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BundleFailed(f"packages of {self._room.name}: {done.stderr.strip()}")
        for leftover in _LEFTOVERS:
            path = output / leftover
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
