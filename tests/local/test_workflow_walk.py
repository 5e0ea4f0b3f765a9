"""docs/workflows.md leads from a graph of ComfyUI to a picture; the page has its own test."""

from __future__ import annotations

import pytest

from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud


def test_the_graph_becomes_a_workflow_that_lacks_nothing(cloud: Cloud) -> None:
    added, checked, _ = cloud.walk.said

    assert "workflows/fox. Next: distillery workflow check fox" in added
    assert checked.startswith("fox: 7 here, 0 missing")


def test_a_picture_is_made_with_it(cloud: Cloud) -> None:
    *_, tried = cloud.walk.said

    assert "http://127.0.0.1:" in tried
    assert "picture: " in tried
    assert list((cloud.folder / "pictures").rglob("*.png"))


def test_members_are_offered_what_the_manifest_says(cloud: Cloud) -> None:
    commands = cloud.discord_control("commands")

    assert "Fox painter" in str(commands)
