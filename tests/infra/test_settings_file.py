"""`distillery.toml`: stages over defaults, the command line over both, all mistakes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from infra.settings_file import WrongSettings, read_settings
from local.operating.rooms import checks_of_rooms
from tests.infra.conftest import DEV, EXAMPLE, ROOT

FILE = f"""
application_id = "1"
public_key = "{"0" * 64}"
providers = ["runpod"]
runpod_endpoint_id = "one"

[prod]
runpod_slots = 5

[dev]
keep_data = false
runpod_endpoint_id = "two"
"""


def read(tmp_path: Path, text: str, **context: Any) -> Settings:
    (tmp_path / "distillery.toml").write_text(text)
    return read_settings(context, tmp_path)


def test_without_a_word_the_stage_is_prod_and_keeps_its_data(tmp_path: Path) -> None:
    settings = read(tmp_path, FILE)

    assert (settings.stage, settings.runpod_slots, settings.keep_data) == ("prod", 5, True)
    assert settings.stack_name == "Distillery"


def test_another_stage_has_its_own_values_and_stacks_of_its_own(tmp_path: Path) -> None:
    settings = read(tmp_path, FILE, stage="dev")

    assert (settings.runpod_endpoint_id, settings.runpod_slots) == ("two", 3)
    assert settings.deletes_data
    assert settings.stack_name == "DistilleryDev"


def test_a_stage_may_switch_off_what_holds_for_both(tmp_path: Path) -> None:
    text = f'alarm_email = "ops@example.com"\n{FILE}alarm_email = ""\n'
    assert read(tmp_path, text).alarm_email == "ops@example.com"
    assert not read(tmp_path, text, stage="dev").alarm_email


def test_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    assert read(tmp_path, FILE, stage="dev", runpod_endpoint_id="three").runpod_endpoint_id == (
        "three"
    )


def test_what_is_wrong_is_named_at_once_with_where_it_stands(tmp_path: Path) -> None:
    text = """
    application_id = 1300000000000000001
    runpod_slot = 5
    stage = "dev"
    [prod]
    hedge_share = "half"
    [dev]
    keep_data = "perhaps"
    [staging]
    runpod_slots = 1
    """
    with pytest.raises(WrongSettings) as error:
        read(tmp_path, text, promise_seconds="soon")

    said = str(error.value)
    for beginning in (
        "distillery.toml: application_id: must be a text",
        "distillery.toml: runpod_slot: no such setting; is it runpod_slots?",
        "distillery.toml: stage: only -c stage=dev",
        "distillery.toml: staging: no such stage; there are dev and prod",
        "distillery.toml: public_key: is missing",
        "distillery.toml [prod]: hedge_share: must be a number",
        "distillery.toml [dev]: keep_data: must be true or false",
        "-c: promise_seconds: must be a whole number",
    ):
        assert f"\n{beginning}" in said, said


def test_a_value_that_contradicts_another_is_named_with_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"distillery\.toml \[prod\]: job_timeout_seconds: "):
        read(tmp_path, FILE.replace("runpod_slots = 5", "job_timeout_seconds = 900"))
    with pytest.raises(WrongSettings, match="-c: stage: must be dev or prod"):
        read(tmp_path, FILE, stage="test")


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"distillery\.toml: is not TOML"):
        read(tmp_path, "application_id = ")


def test_what_cannot_work_is_named_beside_what_cannot_be_read_and_in_the_other_stage(
    tmp_path: Path,
) -> None:
    text = FILE.replace('"1"', '"one"').replace("runpod_slots = 5", 'runpod_slots = "many"')
    with pytest.raises(WrongSettings) as error:
        read(tmp_path, text + "hedge_share = 2.0")

    *_, said = str(error.value).partition("\n")
    assert [line.rpartition(": ")[0] for line in said.splitlines()] == [
        "distillery.toml [prod]: runpod_slots",
        "distillery.toml: application_id",
        "distillery.toml [dev]: hedge_share",
    ]


def test_providers_that_cannot_be_read_need_no_endpoint(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings) as error:
        read(tmp_path, FILE, providers=7)
    assert "endpoint" not in str(error.value)


def test_what_only_a_room_knows_of_a_value_is_named_with_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "distillery.toml").write_text(
        FILE.replace("[dev]", '[dev]\npenalties = {block = "soon"}')
        + """attachment_origins = "cdn.discordapp.com"
        [[prod.tiers]]
        name = "member"
        jobs = 3
        """
    )
    with pytest.raises(WrongSettings) as error:
        read_settings({"discord_api_url": "discord.com"}, tmp_path, checks_of_rooms())

    said = str(error.value)
    for beginning in (
        "distillery.toml [prod]: tiers: tier 1: jobs is unknown",
        "-c: discord_api_url: it must start with https://",
        "distillery.toml [dev]: penalties: ",
        "distillery.toml [dev]: attachment_origins: cdn.discordapp.com is not an origin",
    ):
        assert f"\n{beginning}" in said, said


def test_rooms_take_what_is_set_by_default_and_in_the_example() -> None:
    context = {"settings_file": "distillery.example.toml"}
    assert read_settings(context, ROOT, checks_of_rooms()).runpod_slots == 5


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"ours\.toml: there is no such file"):
        read_settings({"settings_file": "ours.toml"}, tmp_path)


def test_a_file_elsewhere_may_be_named_and_none_is_needed(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(FILE)

    assert read_settings({"settings_file": "ours.toml"}, tmp_path).runpod_slots == 5
    with pytest.raises(WrongSettings, match="application_id: is missing"):
        read_settings({}, tmp_path)


OTHER_BOT = f"""
application_id = "2"
public_key = "{"1" * 64}"
bot_token_secret = "/dev/token"
"""
OWN_ENDPOINT = """
providers = ["sagemaker"]
sagemaker_endpoint_name = "one"
make_endpoint = true
gpu_models = "s3://models/"
gpu_image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/distillery:abc"
"""


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("name", ["public_key", "bot_token_secret"])
def test_a_second_bot_cannot_have_the_key_or_the_token_of_the_first(
    tmp_path: Path, stage: str, name: str
) -> None:
    rest = "\n".join(line for line in OTHER_BOT.splitlines() if name not in line)
    with pytest.raises(WrongSettings) as error:
        read(tmp_path, FILE + rest, stage=stage)
    _, said = str(error.value).split("\n")
    assert said.startswith(f"distillery.toml [dev]: {name}: is that of [prod]; give ")
    assert read(tmp_path, FILE + OTHER_BOT, stage=stage).stage == stage


def test_two_stages_cannot_make_one_endpoint(tmp_path: Path) -> None:
    text = FILE.replace('providers = ["runpod"]', OWN_ENDPOINT)
    words = r"\[dev\]: sagemaker_endpoint_name: is that of \[prod\]"
    with pytest.raises(WrongSettings, match=words):
        read(tmp_path, text, stage="dev")
    with pytest.raises(WrongSettings, match=words):
        read(tmp_path, text + OTHER_BOT)
    assert read(tmp_path, text).make_endpoint  # a [dev] that is no second bot hinders nobody
    own = text + OTHER_BOT + 'sagemaker_endpoint_name = "two"'
    assert read(tmp_path, own, stage="dev").sagemaker_endpoint_name == "two"
    without = text + OTHER_BOT + "make_endpoint = false"
    assert not read(tmp_path, without, stage="dev").make_endpoint


def test_a_bot_that_only_the_command_line_names_is_no_second_one() -> None:
    assert read_settings({"settings_file": "/dev/null", **EXAMPLE, **DEV}, ROOT).stage == "dev"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_example_works_as_it_is(stage: str) -> None:
    context = {"settings_file": "distillery.example.toml", "stage": stage}
    assert read_settings(context, ROOT).stage == stage
