"""The documents say what the code does: settings, commands, targets."""

from __future__ import annotations

import dataclasses
import importlib
import re
import subprocess
import sys

import pytest

import infra.settings
from distillery.core.moderation.penalties import Penalties, parse_penalties
from distillery.core.tier import Tier
from distillery.recipe_files import load_recipes
from distillery.settings import meaning
from local.chaos.__main__ import TRIALS
from local.command_table import command_rows, flag_rows, option_rows
from tests.house_rules.repository import ROOMS, ROOT, files, text

DOCUMENTS = [path for path in files(".md") if path.name != "CHANGELOG.md"]


def _section(document: str, heading: str) -> str:
    found = re.search(rf"^#+ `?{heading}`?\n(.*?)(?=^#|\Z)", document, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {heading}"
    return found.group(1)


def _row(field: dataclasses.Field[object]) -> str:
    return f"| `{field.name.upper()}` | {_default(field.default)} | {meaning(field)} |"


def _default(value: object) -> str:
    if value is dataclasses.MISSING:
        return "required"
    if value in ("", frozenset()):
        return "empty"
    if value == (Tier(),):
        return "one, everybody's"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | frozenset):
        return f"`{','.join(sorted(value))}`"
    return f"`{value}`"


@pytest.mark.parametrize("room", ROOMS)
def test_the_table_of_a_room_s_variables_is_its_settings(room: str) -> None:
    settings = importlib.import_module(f"lambdas.{room}.settings").Settings
    rows = [_row(field) for field in dataclasses.fields(settings)]
    section = _section(text("docs/configuration.md"), room)
    assert sorted(re.findall(r"^\| `.*$", section, re.MULTILINE)) == sorted(rows)


def test_the_table_of_a_deployment_s_settings_is_what_the_code_says() -> None:
    section = _section(text("docs/configuration.md"), "Deployment")
    rows = re.findall(r"^\| (`\w+` \| .*?) \|$", section, re.MULTILINE)
    assert sorted(rows) == sorted(
        f"`{field.name}` | {_default(field.default)} | {field.metadata['meaning']}"
        for field in dataclasses.fields(infra.settings.Settings)
    )


def test_every_test_and_trial_named_in_a_document_exists() -> None:
    for path in DOCUMENTS:
        for name in re.findall(r"`(tests/[\w/]+\.py)`", text(path)):
            assert (ROOT / name).is_file(), f"{path} names {name}"
    trials = set(re.findall(r"trials?\s+`(\w+)`|and\s+`(\w+)`", text("docs/reliability.md")))
    named = {first or second for first, second in trials}
    assert {"storm", "outage"} <= named <= set(TRIALS), named - set(TRIALS)


def test_every_make_target_named_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    for path in DOCUMENTS:
        use = r"(?:`|^    |^\$ |```\w*\n)make ([a-z-]+)"
        named = set(re.findall(use, text(path), re.MULTILINE))
        assert named <= targets, path


def test_every_file_a_document_links_to_exists() -> None:
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text(path)):
            if "://" not in link:
                assert (ROOT / path.parent / link).exists(), f"{path}: {link}"


def test_every_command_of_the_distillery_program_is_in_the_documents() -> None:
    commands = _commands() + [f"local {command}" for command in _commands("local")]
    documents = "\n".join(map(text, DOCUMENTS))
    missing = [command for command in commands if f"distillery {command}" not in documents]
    assert not missing


def test_every_use_of_the_distillery_program_in_a_document_is_a_command() -> None:
    commands = _commands()
    for path in DOCUMENTS:
        for command in re.findall(r"\.venv/bin/distillery ([\w-]+)", text(path)):
            assert command in commands, f"{path}: distillery {command}"


def _commands(*parents: str) -> list[str]:
    said = subprocess.run(
        [sys.executable, "-m", "local.cli", *parents, "--help"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    ).stdout
    found = re.findall(r"^    ([\w-]+)(?: |$)", said, re.MULTILINE)
    assert found, said
    return found


def test_the_readme_is_short_and_begins_with_something_to_run() -> None:
    lines = text("README.md").splitlines()
    assert len(lines) <= 150
    assert any("make demo" in line for line in lines[:20])


def test_the_readme_s_map_of_the_house_names_every_folder_that_there_is() -> None:
    house = text("README.md").partition("## The house")[2].split("```")[1]
    named = re.findall(r"^ *(\w+)/ ", house, re.MULTILINE)
    paths = [path.parts[:-1] for path in files("") if not path.parts[0].startswith(".")]
    there = {parts[0] for parts in paths if parts}
    there |= {parts[1] for parts in paths if parts[0:1] == ("distillery",) and len(parts) > 1}
    assert set(named) == there


def test_every_lambda_has_a_line_in_the_architecture() -> None:
    for room in ROOMS:
        assert room in text("docs/architecture.md")


def test_the_index_of_the_documents_names_each_of_them() -> None:
    index = text("docs/README.md")
    for path in DOCUMENTS:
        if path.parts[0] == "docs" and path.name != "README.md":
            assert f"({path.relative_to('docs')})" in index, path


def test_a_decision_says_why_and_what_follows() -> None:
    records = [path for path in DOCUMENTS if path.is_relative_to("docs/decisions")]
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for path in records:
        for part in ("## Why", "## What follows"):
            assert part in text(path), path


def test_the_licence_is_the_one_that_pyproject_names() -> None:
    assert "Apache License\n                           Version 2.0" in text("LICENSE")
    assert 'license = "Apache-2.0"' in text("pyproject.toml")


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert re.search(r"^## \[Unreleased\]", text("CHANGELOG.md"), re.MULTILINE)


def test_the_table_of_flags_is_what_the_code_and_the_recipes_say() -> None:
    lines = [line for line in text("docs/commands.md").splitlines() if line.startswith("| `--")]
    assert lines == flag_rows(load_recipes(ROOT / "workflows")), REWRITE


REWRITE = "run `.venv/bin/python -m local.command_table`"


def test_the_table_of_commands_is_what_the_code_registers() -> None:
    lines = text("docs/commands.md").splitlines()
    assert set(command_rows(load_recipes(ROOT / "workflows"))) <= set(lines), REWRITE


def test_every_option_in_the_table_of_options_is_one_of_serve() -> None:
    table = _section(text("docs/commands.md"), "Options of /serve")
    documented = re.findall(r"^\| `([\w-]+)` ", table, re.MULTILINE)
    real = [row.split("`")[1] for row in option_rows(load_recipes(ROOT / "workflows"))]
    assert documented, REWRITE
    assert set(documented) <= set(real), REWRITE


def test_the_penalties_in_the_documents_are_those_of_the_code() -> None:
    [told] = re.findall(r"```json\n(.*?)```", text("docs/content-rules.md"), re.DOTALL)
    assert parse_penalties(told) == Penalties()
