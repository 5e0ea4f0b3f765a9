"""From a signed request to a delivered picture, through the deployed stack with IAM enforced."""

from __future__ import annotations

import io
import json
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from distillery.core.recipes.recipe import fill_graph
from distillery.recipe_files import load_recipes
from local.member import Refused, words_of
from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests" / "events"
SMALL = {"size": "512x512", "steps": "4"}


@pytest.fixture
def interaction(cloud: Cloud) -> dict[str, Any]:
    """A /serve interaction that nobody has sent yet."""
    document: dict[str, Any] = json.loads((EVENTS / "interaction_serve.json").read_text())
    return document | {
        "id": str(int(time.time() * 1000) - 1420070400000 << 22 | secrets.randbits(22)),
        "token": secrets.token_urlsafe(40),
        "application_id": cloud.state["application_id"],
        "channel_id": cloud.state["channel_id"],
        "guild_id": cloud.state["guild_id"],
    }


def wait_for_pictures(cloud: Cloud, token: str) -> dict[str, Any]:
    """Poll the message, as anybody could, until it holds the result."""

    def has_picture() -> bool:
        answer = cloud.message(token)
        files = answer.json()["attachments"] if answer.ok else []
        return any(file["filename"].endswith(".png") for file in files)

    cloud.until(has_picture)
    message: dict[str, Any] = cloud.message(token).json()
    return message


def with_options(interaction: dict[str, Any], **options: Any) -> dict[str, Any]:
    kinds = {str: 3, int: 4, bool: 5, float: 10}
    interaction["data"]["options"] = [
        {"name": name, "type": kinds[type(value)], "value": value}
        for name, value in options.items()
    ]
    return interaction


def test_a_signed_request_is_deferred_and_then_answered_with_the_picture(
    cloud: Cloud, interaction: dict[str, Any]
) -> None:
    with_options(interaction, prompt="a red fox --ar 27:40 --seed 7", steps=4)
    answer = cloud.sign_and_post(interaction)
    assert (answer.status_code, answer.json()) == (200, {"type": 5})

    message = wait_for_pictures(cloud, interaction["token"])

    assert "a red fox" in words_of(message)
    assert "seed `7`" in words_of(message)
    [attachment] = message["attachments"]
    picture = Image.open(io.BytesIO(requests.get(attachment["url"], timeout=10).content))
    assert (picture.format, picture.size) == ("PNG", (832, 1216))


def test_a_wrong_signature_is_401_and_makes_no_job(
    cloud: Cloud, interaction: dict[str, Any]
) -> None:
    answer = cloud.sign_and_post(interaction, seed="00" * 32)
    assert answer.status_code == 401
    assert interaction["id"] not in [job["job_id"] for job in cloud.control("jobs")]


def test_the_same_seed_gives_the_same_picture(cloud: Cloud) -> None:
    """The files differ, as each says which job made it."""

    def paint(seed: str) -> bytes:
        served = cloud.serve("a lighthouse by the sea", **SMALL, seed=seed)
        with Image.open(served.pictures[0].path) as picture:
            return picture.tobytes()

    first, second, other = paint("7"), paint("7"), paint("8")
    assert first == second
    assert other != first


def test_a_picture_is_made_from_an_attached_picture(cloud: Cloud, tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (640, 480), (180, 40, 30)).save(start)
    served = cloud.serve(
        "a barn in autumn", workflow="sdxl_image_to_image", image=str(start), **SMALL
    )
    assert served.state == "SUCCEEDED"
    with Image.open(served.pictures[0].path) as picture:
        assert picture.size == (512, 512)


@pytest.mark.parametrize(("down", "up"), [("runpod", "sagemaker"), ("sagemaker", "runpod")])
def test_while_one_provider_is_down_the_picture_comes_by_the_other(
    cloud: Cloud, down: str, up: str
) -> None:
    cloud.fault(down, "down")
    try:
        served = cloud.serve("a mountain at night", **SMALL)
    finally:
        cloud.fault(down, "ok")
    assert (served.state, served.provider) == ("SUCCEEDED", up)


def test_with_both_providers_away_the_job_waits_and_is_done_when_one_is_back(
    cloud: Cloud, interaction: dict[str, Any]
) -> None:
    cloud.fault("runpod", "down")
    cloud.fault("sagemaker", "down")
    try:
        cloud.sign_and_post(with_options(interaction, prompt="a quiet harbour", steps=4))
        cloud.until(lambda: "admitted" in cloud.job(interaction["id"])["times"])
    finally:
        cloud.fault("runpod", "ok")
        cloud.fault("sagemaker", "ok")
    wait_for_pictures(cloud, interaction["token"])


def test_a_job_whose_worker_crashes_again_and_again_is_moved_to_the_other_provider(
    cloud: Cloud, interaction: dict[str, Any]
) -> None:
    cloud.fault("runpod", "crash_loop")
    try:
        cloud.sign_and_post(with_options(interaction, prompt="a stubborn donkey", steps=4))
        cloud.until(lambda: cloud.job(interaction["id"])["provider"] == "runpod")
        # By then the job is overdue, and no worker starts while the watchdog asks for their health.
        cloud.until(lambda: "worker crashed; next start in 10 s" in cloud.said())
        cloud.run_watchdog()
        wait_for_pictures(cloud, interaction["token"])
    finally:
        cloud.fault("runpod", "ok")
    job = cloud.job(interaction["id"])
    assert (job["state"], job["provider"], job["attempt"]) == ("SUCCEEDED", "sagemaker", 2)


NASTY = [
    '"}, {"class_type": "Evil", "inputs": {}}',
    "{{ config }} %date% ${HOME} `id`",
    "../../etc/passwd \u202e reversed \u200b zero width",
    "@everyone **bold** <script>alert(1)</script>",
]


@pytest.mark.parametrize("prompt", NASTY)
def test_words_never_become_nodes(cloud: Cloud, prompt: str) -> None:
    served = cloud.serve(prompt, **SMALL)
    with Image.open(served.pictures[0].path) as picture:
        graph = json.loads(picture.info["prompt"])

    recipe = fill_graph(load_recipes(ROOT / "workflows")["sdxl_text_to_image"], {})
    assert {n: node["class_type"] for n, node in graph.items()} == {
        n: node["class_type"] for n, node in recipe.items()
    }
    assert prompt in [node["inputs"].get("text") for node in graph.values()]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": "a" * 6001}, "6,000"),
        ({"prompt": "a fox", "steps": 100_000}, "must be from"),
        ({"prompt": "a fox", "nonsense": "x"}, "nonsense"),
        ({"prompt": "a fox", "workflow": "nonsense"}, "nonsense"),
    ],
)
def test_a_mistake_is_answered_at_once_and_makes_no_job(
    cloud: Cloud, interaction: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    answer = cloud.sign_and_post(with_options(interaction, **options)).json()
    assert answer["type"] == 4
    assert answer["data"]["flags"] == 64
    assert words in answer["data"]["content"]
    assert interaction["id"] not in [job["job_id"] for job in cloud.control("jobs")]


def test_a_file_of_another_kind_is_refused_with_words(cloud: Cloud, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4")
    with pytest.raises(Refused, match="pdf"):
        cloud.serve("a fox", workflow="sdxl_image_to_image", image=str(paper))


def test_a_file_that_only_claims_to_be_a_picture_fails_with_words(
    cloud: Cloud, tmp_path: Path
) -> None:
    lie = tmp_path / "lie.png"
    lie.write_bytes(b"no picture at all")
    served = cloud.serve("a fox", workflow="sdxl_image_to_image", image=str(lie), **SMALL)
    assert served.state == "FAILED"
    assert "can be read. Attach one." in served.content


def test_the_dashboard_and_every_alarm_are_told_with_the_figures_of_the_run(cloud: Cloud) -> None:
    cloud.serve("a red fox", **SMALL)

    page = f"{cloud.state['discord_url']}/control/dashboards"
    told = requests.get(page, timeout=30).json()

    (dashboard,) = told["dashboards"]
    shown = {widget["title"]: widget for widget in dashboard["widgets"]}
    assert shown["Answers, last day"]["series"][0]["values"][0] >= 1
    alarms = {alarm["name"]: alarm for alarm in told["alarms"]}
    assert alarms["Distillery-look-now"]["parts"]
    assert alarms["Distillery-the-budget-is-used-up-too-fast"]["latest"] > 0
    assert not [a for a in alarms.values() if "not played here" in a["condition"]]


def test_discord_never_saw_a_payload_that_breaks_its_rules(cloud: Cloud) -> None:
    cloud.serve("one more fox", **SMALL)
    assert cloud.discord_control("violations") == []


def room_logs(cloud: Cloud) -> list[str]:
    """Every line that the rooms have logged to the embedded CloudWatch."""
    client = cloud.aws("logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    return [
        event["message"]
        for group in groups
        for event in client.filter_log_events(logGroupName=group)["events"]
    ]


def test_logs_name_the_job_and_hold_no_secret(cloud: Cloud, interaction: dict[str, Any]) -> None:
    cloud.sign_and_post(with_options(interaction, prompt="a fox", steps=4))
    wait_for_pictures(cloud, interaction["token"])

    lines = room_logs(cloud)
    for path in cloud.folder.rglob("*.log"):
        lines += path.read_text(errors="replace").splitlines()

    assert any(f'"job_id":"{interaction["id"]}"' in line.replace(" ", "") for line in lines)
    for secret in (interaction["token"], cloud.state["signing_key"], "X-Amz-Signature"):
        assert not [line for line in lines if secret in line]
