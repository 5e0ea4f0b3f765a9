"""docs/workflows.md leads from a graph of ComfyUI to a picture, for operators and for members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.local.browser import FLAGS, browser_path
from tests.local.page_of_the_cloud import Played, painted
from tests.local.workflow_walk import Walk

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    walk = Walk(tmp_path_factory.mktemp("checkout"))
    try:
        walk.up()
        yield walk
    finally:
        walk.down()
    assert walk.said[-1] == "the local cloud is down\n"


def test_the_graph_becomes_a_workflow_that_lacks_nothing(walk: Walk) -> None:
    added, checked, _ = walk.said

    assert "workflows/fox. Next: distillery workflow check fox" in added
    assert checked.startswith("fox: 7 here, 0 missing")


def test_a_picture_is_made_with_it(walk: Walk) -> None:
    *_, tried = walk.said

    assert walk.state["web_url"] in tried
    assert "picture: " in tried
    assert list((walk.folder / ".local" / "pictures").rglob("*.png"))


def test_members_use_it_on_the_page(walk: Walk) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(walk.state["web_url"])
        played = Played(page)
        played.as_member("Juniper")

        message = played.serve("a fox in a hedge", "workflow: Fox painter steps: 4")

        painted(message)
        expect(message).to_contain_text("Fox painter")
        browser.close()
