"""What a member wants to find again, in memory and on DynamoDB."""

from __future__ import annotations

import pytest

from distillery.aws.favourites import DynamoFavourites
from distillery.core.ports import Favourites
from local.memory import MemoryFavourites
from tests.adapters.conftest import TABLE

EARLY, LATE = "99999999999999999", "1000000000000000000"


@pytest.fixture(params=["memory", "dynamodb"])
def favourites(request: pytest.FixtureRequest) -> Favourites:
    if request.param == "memory":
        return MemoryFavourites()
    return DynamoFavourites(request.getfixturevalue("dynamodb"), TABLE)


def test_who_has_kept_nothing_has_no_favourites(favourites: Favourites) -> None:
    assert favourites.of_member("42") == []


def test_favourites_are_there_the_latest_request_first(favourites: Favourites) -> None:
    favourites.add("42", LATE)
    favourites.add("42", EARLY)
    assert favourites.of_member("42") == [LATE, EARLY]


def test_twice_is_once_and_what_is_not_kept_can_be_removed(favourites: Favourites) -> None:
    favourites.remove("42", LATE)
    favourites.add("42", LATE)
    favourites.add("42", LATE)
    assert favourites.of_member("42") == [LATE]

    favourites.remove("42", LATE)
    favourites.remove("42", LATE)
    assert favourites.of_member("42") == []


def test_each_member_has_their_own(favourites: Favourites) -> None:
    favourites.add("42", EARLY)
    favourites.add("43", EARLY)
    favourites.remove("43", EARLY)
    assert favourites.of_member("42") == [EARLY]
    assert favourites.of_member("43") == []
