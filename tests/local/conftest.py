"""One local cloud for all tests that need one: the real CDK app, deployed by the real CDK CLI.

The page of it is for those tests that use it in a browser.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import requests
from nacl.signing import SigningKey
from playwright.sync_api import Browser, sync_playwright

from local.member import LocalMember
from tests.local.browser import FLAGS, browser_path
from tests.local.page_of_the_cloud import Played
from tests.until import ANSWER_S, until

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cloud:
    """A running local cloud, by what its state.json says."""

    state: dict[str, Any]
    folder: Path

    def serve(self, prompt: str, member: str = "juniper", **options: str) -> Any:
        """Use /serve as a member and wait for the end."""
        return LocalMember(self.state, member).serve(prompt, options, self.folder / "pictures")

    def sign_and_post(self, interaction: dict[str, Any], seed: str = "") -> requests.Response:
        """Do what Discord does, without the stand-in: sign an interaction and post it."""
        body = json.dumps(interaction).encode()
        timestamp = str(int(time.time()))
        key = SigningKey(bytes.fromhex(seed or self.state["signing_key"]))
        headers = {
            "X-Signature-Ed25519": key.sign(timestamp.encode() + body).signature.hex(),
            "X-Signature-Timestamp": timestamp,
            "Content-Type": "application/json",
        }
        url = self.state["interactions_url"]
        return requests.post(url, data=body, headers=headers, timeout=30)

    def message(self, token: str) -> requests.Response:
        """Read the message that answers an interaction."""
        path = f"/api/v10/webhooks/{self.state['application_id']}/{token}/messages/@original"
        return requests.get(self.state["discord_url"] + path, timeout=10)

    def control(self, path: str) -> Any:
        """Read one of the GPU cloud's control pages."""
        return requests.get(f"{self.state['control_url']}/{path}", timeout=10).json()

    def job(self, job_id: str) -> Any:
        """Read one job as the table holds it."""
        return next(job for job in self.control("jobs") if job["job_id"] == job_id)

    def fault(self, provider: str, mode: str) -> None:
        """Switch a provider's fault."""
        url = f"{self.state['control_url']}/faults"
        requests.post(url, json={"provider": provider, "mode": mode}, timeout=10).raise_for_status()

    def aws(self, service: str) -> Any:
        """Return a client of the embedded AWS with the root key."""
        return botocore.session.get_session().create_client(
            service,
            region_name=self.state["region"],
            endpoint_url=self.state["aws_endpoint_url"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def said(self) -> str:
        """What the local cloud has printed so far."""
        return (self.folder / "supervisor.log").read_text()

    def run_watchdog(self) -> None:
        """Begin now what the schedule begins once a minute."""
        client = self.aws("lambda")
        names = [f["FunctionName"] for f in client.list_functions()["Functions"]]
        watchdog = next(name for name in names if "Watchdog" in name)
        client.invoke(FunctionName=watchdog, InvocationType="Event")

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for what comes of the rooms' work."""
        until(true, told=self.denied)

    def denied(self) -> list[str]:
        """What IAM has refused to the rooms so far."""
        lines = [
            line for log in self.folder.rglob("*.log") for line in log.read_text().splitlines()
        ]
        return [line for line in lines if "AccessDenied" in line][:3]

    def discord_control(self, path: str) -> Any:
        """Read one of the Discord stand-in's control pages."""
        return requests.get(f"{self.state['discord_url']}/control/{path}", timeout=10).json()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    log = folder / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.recorded_cloud", str(folder)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Cloud(_wait_for_state(process, folder, log), folder)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(ANSWER_S) == 0, log.read_text()


def _wait_for_state(process: subprocess.Popen[bytes], folder: Path, log: Path) -> dict[str, Any]:
    state_file = folder / "state.json"
    until(lambda: state_file.exists() or process.poll() is not None, told=log.read_text)
    assert state_file.exists(), f"the local cloud did not start:\n{log.read_text()}"
    state: dict[str, Any] = json.loads(state_file.read_text())
    return state


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def played(cloud: Cloud, browser: Browser) -> Iterator[Played]:
    """The page as Juniper; a fault in its scripts, or a broken rule of Discord, fails the test."""
    faults: list[str] = []
    # Dots that pulse while a picture is made would be drawn by the cores that make it.
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(cloud.state["web_url"])
    played = Played(page)
    played.as_member("Juniper")
    yield played
    page.close()
    assert faults == []
    assert cloud.discord_control("violations") == []
