"""Every button, menu and form that Distillery sends has a test in a browser, named here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.lambdas.interactions_room import Room

LOCAL = Path(__file__).parents[1] / "local"
IN_A_BROWSER = (
    LOCAL / "test_page_end_to_end.py",
    LOCAL / "test_page_menus.py",
    LOCAL / "discord" / "test_page_help.py",
)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPONENTS = {
    "again": "test_again_makes_the_same_request_with_other_chance",
    "same": "test_a_request_that_made_nothing_is_tried_again_with_the_same_seed",
    "edit": "test_a_request_is_edited_in_a_form",
    "upscale": "test_one_picture_is_worked_on",
    "vary": "test_one_picture_is_worked_on",
    "zoom": "test_one_picture_is_worked_on",
    "remix": "test_a_picture_is_remixed_with_other_words",
    "file": "test_a_file_that_is_too_large_is_shown_as_a_copy_and_linked_at_the_click",
    "info": "test_everybody_reads_how_a_picture_was_made",
    "delete": "test_others_may_look_and_repeat_but_not_delete",
    "star": "test_a_favourite_is_found_again_and_others_do_not_see_whose_it_is",
    "unstar": "test_a_favourite_is_found_again_and_others_do_not_see_whose_it_is",
    "cancel": "test_a_request_is_called_off_with_its_button",
    "pick": "test_of_several_pictures_of_one_request_one_is_picked",
    "help": "test_help_is_turned_page_by_page",
    "history": "test_past_requests_are_turned_page_by_page_and_one_is_done_again",
    "look": "test_past_requests_are_turned_page_by_page_and_one_is_done_again",
}
"""What is used, by the first word of its `custom_id`."""
FORMS = {
    "edit": "test_a_request_is_edited_in_a_form",
    "remix": "test_a_picture_is_remixed_with_other_words",
    "use": "test_a_picture_of_a_member_is_the_start_of_another",
}


def test_every_button_menu_and_form_has_a_test_in_a_browser() -> None:
    replies = Room().replies

    assert set(replies.components) == set(COMPONENTS)
    assert set(replies.modals) == set(FORMS)


@pytest.mark.parametrize("test", sorted({*COMPONENTS.values(), *FORMS.values()}))
def test_each_of_these_tests_is_there(test: str) -> None:
    trees = [ast.parse(path.read_text()) for path in IN_A_BROWSER]

    assert test in {node.name for t in trees for node in t.body if isinstance(node, FUNCTIONS)}
