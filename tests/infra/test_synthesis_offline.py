"""A synthesis, bundles and all, needs what set-up has installed, and no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import room_packages
from infra.room_packages import NotInstalled, install_all, packages_of
from infra.rooms import ROOMS
from local.set_up import CDK
from tests.infra.conftest import ROOT

PATIENCE_S = 120
UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
"""Where the CDK is unpacked for whoever runs the tests: to do it anew takes seconds."""
SETTINGS = (
    "settings_file=/dev/null",
    "application_id=1",
    f"public_key={'0' * 64}",
    "providers=runpod",
    "runpod_endpoint_id=one",
)


IN_NODE = """
const record = (what) => require("fs").appendFileSync(process.env.CALLS, `node ${what}\\n`);
const net = require("net"), connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  record(`calls ${JSON.stringify(given).slice(0, 200)}`);
  return connect.apply(this, given);
};
const children = require("child_process"), spawn = children.spawn;
children.spawn = (command, given, options) => {
  if (options?.detached) record(`leaves behind ${given}`);
  return spawn(command, given, options);
};
"""
IN_PYTHON = """
import os, sys
def record(event, given):
    if event in ("socket.connect", "socket.getaddrinfo"):
        open(os.environ["CALLS"], "a").write(f"python {given}\\n")
sys.addaudithook(record)
"""
"""What has each Node and each Python write down whom it calls, for the CDK is both; and whom it
leaves behind to call later."""


def test_a_synthesis_asks_nobody_on_the_network(tmp_path: Path) -> None:
    out, calls = tmp_path / "cdk.out", tmp_path / "calls"
    (tmp_path / "record.js").write_text(IN_NODE)
    (tmp_path / "sitecustomize.py").write_text(IN_PYTHON)
    calls.touch()
    settings = [word for setting in SETTINGS for word in ("-c", setting)]

    done = subprocess.run(
        [CDK, "synth", "--quiet", "--output", out, *settings],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={
            "PATH": f"{ROOT}/.venv/bin{os.pathsep}{os.defpath}",
            "HOME": str(tmp_path),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(UNPACKED),
            "CALLS": str(calls),
            "NODE_OPTIONS": f"--require {tmp_path}/record.js",
            "PYTHONPATH": str(tmp_path),
            "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",  # where nobody listens
        },
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 0, done.stderr
    bundles = {main.parents[2] for main in out.glob("asset.*/lambdas/*/main.py")}
    assert len(bundles) == len(ROOMS) - 1  # tell_alarms comes with alarm_channel
    assert all((bundle / "aws_lambda_powertools").is_dir() for bundle in bundles)
    assert calls.read_text() == ""


def test_packages_that_are_not_there_are_named_in_one_line() -> None:
    context = {
        **dict(setting.split("=") for setting in SETTINGS),
        "target": "local",
        "sagemaker_url": "http://127.0.0.1:1",
        "python_version": "3.99",
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context)},
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "The packages of interactions for Python 3.99 (target=local) are not installed: "
        "run make setup"
    ]


def test_set_up_installs_what_is_new_and_drops_what_nobody_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages come from the disk here: a wheel is a zip file with three lists."""
    wheel = tmp_path / "fox-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fox.py", "red = True")
        archive.writestr("fox-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: fox\nVersion: 1")
        archive.writestr(
            "fox-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        archive.writestr("fox-1.dist-info/RECORD", "")
    requirements = tmp_path / "lambdas" / "den" / "requirements.txt"
    requirements.parent.mkdir(parents=True)
    monkeypatch.setattr(room_packages, "REPOSITORY", tmp_path)
    monkeypatch.setattr(room_packages, "FOLDER", tmp_path / "packages")
    requirements.write_text(f"fox @ {wheel.as_uri()}\n")

    install_all("3.13")
    first = packages_of("den", "aws", "3.13")
    assert (first / "fox.py").is_file()
    wheel_was = wheel.read_bytes()
    wheel.unlink()
    install_all("3.13")  # nothing to do
    wheel.write_bytes(wheel_was)
    requirements.write_text(f"# anew\nfox @ {wheel.as_uri()}\n")
    with pytest.raises(NotInstalled, match=r"of den for Python 3\.13 .*: run make setup$"):
        packages_of("den", "aws", "3.13")
    install_all("3.13")
    assert (packages_of("den", "aws", "3.13") / "fox.py").is_file()
    assert not first.exists()
