"""What is deployed of a room, written into a folder as a deployment would."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.rooms import Room
from infra.settings import Settings
from local.set_up import VENV


def write_bundle(room: Room, folder: Path, target: str = "local") -> Path:
    """Make the folder and write the room's code and dependencies there, for this interpreter.

    `target` "aws": for Lambda's own instead. The CDK starts the Node that is installed with us.
    """
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    from infra.bundle import RoomBundle  # noqa: PLC0415 - only now is that Node the one it finds

    settings = Settings(
        application_id="1",
        public_key="0" * 64,
        target=target,
        python_version="{}.{}".format(*sys.version_info[:2]) if target == "local" else "3.13",
    )
    folder.mkdir()
    RoomBundle(room, settings).try_bundle(str(folder), image=None)  # type: ignore[arg-type]
    return folder
