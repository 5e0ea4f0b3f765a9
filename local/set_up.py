"""Prepares a fresh clone: the Python environment, the embedded AWS and the CDK command line.

It runs before anything is installed, on whatever python3 the machine has, so it keeps to the
standard library and to syntax that an old Python can read. What is already there is skipped.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
LOG = TOOLS / "set-up.log"
LOCK = ROOT / "requirements.txt"
EMBEDDED_AWS_LOCK = ROOT / "local" / "ministack.txt"

UV = TOOLS / "uv" / "bin" / "uv"
PYTHON = VENV / "bin" / "python"
MINISTACK = TOOLS / "ministack" / "bin" / "ministack"
CDK = TOOLS / "cdk" / "node_modules" / ".bin" / "cdk"
PACKAGES = TOOLS / "packages"

OLDEST_PYTHON = (3, 11)
NODE = {"NODE_USE_SYSTEM_CA": "1"}  # as git does, and uv by its setting in pyproject.toml

# What the tools say when something is missing, and what a person can do about it.
NO_VENV = "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"
NO_SPACE = "the disk is full. Set-up needs about 2 GB"
NO_NETWORK = "PyPI or npm could not be reached. Check the network, then repeat"
HINTS = {
    "ensurepip|No module named '?venv": NO_VENV,
    "No space left": NO_SPACE,
    "No matching distribution|[Cc]onnect|dns error|ENOTFOUND|EAI_AGAIN|ETIMEDOUT": NO_NETWORK,
}


class Step(NamedTuple):
    """One thing to install."""

    name: str
    result: Path  # there once the step is done
    inputs: str  # the step is repeated when this changes
    run: Callable[[], None]


class Failed(Exception):
    """A step cannot be done; the message says why."""


def carry_out(steps: Sequence[Step]) -> None:
    """Do every step that is not done yet; on failure say in one line what is missing and exit."""
    TOOLS.mkdir(exist_ok=True)
    LOG.write_text("")
    for step in steps:
        if _is_done(step):
            continue
        started = time.monotonic()
        print(f"set-up: {step.name} ", end="", flush=True)
        try:
            step.run()
        except Failed as failure:
            print("failed", *LOG.read_text(errors="replace").splitlines()[-12:], sep="\n")
            sys.exit(f"Set-up stopped: {failure}.")
        _stamp(step).parent.mkdir(exist_ok=True)
        _stamp(step).write_text(_key(step))
        print(f"({time.monotonic() - started:.1f} s)")


def whole_set_up() -> list[Step]:
    """Return everything that a clone needs, in order."""
    lock, embedded_aws = LOCK.read_text(), EMBEDDED_AWS_LOCK.read_text()
    uv, cdk, python = locked("uv", lock), setting("cdk_cli"), setting("python")
    project = (ROOT / "pyproject.toml").read_text()
    return [
        Step(f"uv {uv}", UV, uv, lambda: _install_uv(uv)),
        Step("Python environment", PYTHON, python, lambda: _make_environment(VENV, python)),
        Step("Python packages", VENV / "bin" / "distillery", lock + project, _install_packages),
        Step(
            f"embedded AWS (MiniStack {locked('ministack', embedded_aws)})",
            MINISTACK,
            embedded_aws + python,
            lambda: _install_embedded_aws(python),
        ),
        Step(f"CDK command line {cdk}", CDK, cdk, lambda: _install_cdk(cdk)),
        Step("packages of the Lambdas", PACKAGES, _of_lambdas(), lambda: _fetch_packages(python)),
    ]


def _install_uv(version: str) -> None:
    run([sys.executable, "-m", "venv", "--clear", str(TOOLS / "uv")])
    pip = str(TOOLS / "uv" / "bin" / "pip")
    run([pip, "install", "--quiet", "--disable-pip-version-check", f"uv=={version}"])


def _make_environment(folder: Path, version: str) -> None:
    run([str(UV), "venv", "--quiet", "--clear", "--python", _find_python(version), str(folder)])


def _install_packages() -> None:
    install = [str(UV), "pip", "install", "--quiet", "--python", str(PYTHON)]
    run([*install, "--requirement", str(LOCK)])
    run([*install, "--no-deps", "--editable", str(ROOT)])


def _install_embedded_aws(version: str) -> None:
    """Give MiniStack an environment of its own.

    Lambdas run in this one, so it must hold what the Lambda runtime holds and nothing of ours:
    then a package missing from a bundle fails here as it would on AWS.
    """
    folder = TOOLS / "ministack"
    _make_environment(folder, version)
    python = str(folder / "bin" / "python")
    run([str(UV), "pip", "sync", "--quiet", "--python", python, str(EMBEDDED_AWS_LOCK)])


def _install_cdk(version: str) -> None:
    npm_install(f"aws-cdk@{version}", TOOLS / "cdk")


def _of_lambdas() -> str:
    files = [ROOT / "infra" / "room_packages.py", *ROOT.glob("lambdas/*/requirements.txt")]
    return "".join(file.read_text() for file in sorted(files))


def _fetch_packages(version: str) -> None:
    run([str(PYTHON), "-m", "infra.room_packages", version])


def npm_install(package: str, folder: Path) -> None:
    """Install one npm package of an exact version into a folder."""
    npm = [str(VENV / "bin" / "npm"), "install", "--prefix", str(folder)]
    run([*npm, "--no-audit", "--no-fund", "--loglevel=error", package])


def _find_python(version: str) -> str:
    """Return a Python of this version, fetched if need be, else the machine's newest that will do.

    Each candidate is run, because a pyenv shim exists for versions that are not selected.
    """
    wanted = tuple(int(part) for part in version.split("."))
    found = {_version_of(path): path for path in _pythons_of_this_machine()}
    if wanted in found:
        return found[wanted]
    fetched = _fetch_python(version)
    if fetched:
        return fetched
    enough = [number for number in found if number and number >= OLDEST_PYTHON]
    if not enough:
        raise Failed(f"no Python {version}, nor any from 3.11 on, could be found or fetched")
    instead = max(enough)
    print(f"with {instead[0]}.{instead[1]}, as there is no {version} here or to fetch ", end="")
    return found[instead]


def _pythons_of_this_machine() -> Iterator[str]:
    """Yield every candidate; a link is followed, so that no environment is made from another."""
    names = ["python3", *(f"python3.{minor}" for minor in range(11, 16))]
    paths = [sys.executable, *filter(None, map(shutil.which, names))]
    for pyenv in {os.environ.get("PYENV_ROOT", ""), str(Path.home() / ".pyenv")} - {""}:
        paths += map(str, Path(pyenv).glob("versions/3.*/bin/python3"))
    yield from map(os.path.realpath, paths)


def _version_of(python: str) -> tuple[int, ...] | None:
    command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return tuple(map(int, said.stdout.split()))


def _fetch_python(version: str) -> str | None:
    """Ask uv for a Python; None where it has none or the network does not allow it."""
    uv = [str(UV), "python"]
    environment = {"UV_PYTHON_INSTALL_DIR": str(TOOLS / "python"), "UV_HTTP_RETRIES": "0"}
    try:
        run([*uv, "install", "--quiet", "--no-bin", version], environment)
    except Failed:
        return None
    return next(map(str, TOOLS.glob(f"python/cpython-{version}*/bin/python3")), None)


def run(
    command: Sequence[str], more_environment: dict[str, str] | None = None, folder: Path = ROOT
) -> None:
    """Run a command into the log, or raise Failed with what its words tell."""
    environment = {**NODE, **os.environ, **_caches(), **(more_environment or {})}
    environment.pop("VIRTUAL_ENV", None)
    with LOG.open("a") as log:
        print("$", *command, file=log, flush=True)
        start = log.tell()
        try:
            subprocess.run(command, check=True, stdout=log, stderr=log, env=environment, cwd=folder)
        except (OSError, subprocess.CalledProcessError) as error:
            said = f"{error}\n{LOG.read_text(errors='replace')[start:]}"
            hints = (hint for words, hint in HINTS.items() if re.search(words, said))
            raise Failed(next(hints, f"the whole log is {LOG}")) from error


def _caches() -> dict[str, str]:
    """Keep the tools' own caches, which other clones share, unless the home cannot be written."""
    try:
        Path.home().joinpath(".cache").mkdir(parents=True, exist_ok=True)
    except OSError:
        names = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "npm_config_cache": "npm"}
        return {name: str(TOOLS / "cache" / folder) for name, folder in names.items()}
    return {}


def locked(package: str, lock: str) -> str:
    """Return the version of a package in the text of a lock."""
    return _match(rf"^{package}==(\S+)", lock)


def setting(name: str) -> str:
    """Read one of [tool.distillery]'s settings; an old Python has no tomllib."""
    return _match(rf'^{name} *= *"([^"]+)"', (ROOT / "pyproject.toml").read_text())


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        sys.exit(f"Set-up stopped: no line like {pattern} in pyproject.toml or a lock file.")
    return found.group(1)


def _stamp(step: Step) -> Path:
    return TOOLS / "stamps" / step.result.name


def _key(step: Step) -> str:
    """Scripts in an environment hold its path, so a moved clone is set up anew."""
    return hashlib.sha256(f"{ROOT}\n{step.inputs}".encode()).hexdigest()


def _is_done(step: Step) -> bool:
    stamp = _stamp(step)
    return step.result.exists() and stamp.exists() and stamp.read_text() == _key(step)


if __name__ == "__main__":
    carry_out(whole_set_up())
