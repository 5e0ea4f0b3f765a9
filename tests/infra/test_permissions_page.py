"""The document of permissions says what the template grants."""

from __future__ import annotations

from infra.rooms import ROOMS
from tests.infra.permissions_page import UNUSED, USED, listed
from tests.infra.test_grants import GRANTS


def test_every_permission_is_in_one_of_the_two_tables() -> None:
    """That the template grants these and no others, `test_grants` holds."""
    written = [*listed(USED), *listed(UNUSED)]
    granted = {
        (room.name, *grant.split(" on "))
        for room in ROOMS
        for grant in GRANTS[room.name.title().replace("_", "")]
    }

    assert len(written) == len(set(written))
    assert set(written) == granted
