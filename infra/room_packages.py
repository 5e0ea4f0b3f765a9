"""The packages that each room's bundle takes along: set-up installs them, a synthesis copies them.

So a synthesis needs no network, whatever is in anybody's cache. They lie in `.tools`, once for AWS
and once for this machine, each in a folder that is named by what it was made of.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
FOLDER = REPOSITORY / ".tools" / "packages"
LAMBDA_PLATFORM = "aarch64-manylinux_2_28"
_LEFTOVERS = ("bin", ".lock", "aws_lambda_powertools/event_handler")
"""What packages bring and no room uses. Powertools' routes are a sixth of the smallest bundle."""


class NotInstalled(RuntimeError):
    """A room's packages are not there; says which, and what to do."""


def requirements_of(room: str) -> Path:
    """Return the file that pins every package of a room."""
    return REPOSITORY / "lambdas" / room / "requirements.txt"


def packages_of(room: str, target: str, python_version: str) -> Path:
    """Return the folder with a room's packages; raises NotInstalled."""
    folder = _folder(requirements_of(room), target, python_version)
    if not folder.is_dir():
        raise NotInstalled(
            f"The packages of {room} for Python {python_version} (target={target}) are not "
            "installed: run make setup"
        )
    return folder


def install_all(lambda_python: str) -> None:
    """Install what no earlier set-up has, and remove what no room needs any more.

    What is for this machine is for the Python that runs this; set-up has given the embedded AWS the
    same.
    """
    own_python = "{}.{}".format(*sys.version_info[:2])
    wanted = {
        _folder(requirements, target, version): _install_command(requirements, target, version)
        for requirements in sorted(REPOSITORY.glob("lambdas/*/requirements.txt"))
        for target, version in (("aws", lambda_python), ("local", own_python))
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for folder in set(FOLDER.iterdir()) - set(wanted):
        shutil.rmtree(folder)
    for folder, command in wanted.items():
        if not folder.is_dir():
            _install(command, folder)


def _folder(requirements: Path, target: str, python_version: str) -> Path:
    made_of = f"{target} {LAMBDA_PLATFORM} {python_version}\n{requirements.read_text()}"
    return FOLDER / hashlib.sha256(made_of.encode()).hexdigest()[:16]


def _install_command(requirements: Path, target: str, python_version: str) -> list[str]:
    platform = ["--python-platform", LAMBDA_PLATFORM] if target == "aws" else []
    # fmt: off
    return [
        sys.executable, "-m", "uv", "pip", "install", "--quiet",
        "--no-deps",  # the file pins every package, so there is nothing to resolve
        "--only-binary", ":all:",
        "--python-version", python_version, *platform,
        "--no-compile-bytecode", "--system-certs",
        "--requirement", str(requirements),
    ]
    # fmt: on


def _install(command: Iterable[str], folder: Path) -> None:
    """A folder that is there is whole: it gets its name last."""
    unfinished = folder.with_suffix(".unfinished")
    subprocess.run([*command, "--target", str(unfinished)], check=True)  # noqa: S603
    for leftover in _LEFTOVERS:
        path = unfinished / leftover
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    unfinished.rename(folder)


if __name__ == "__main__":
    install_all(*sys.argv[1:])
