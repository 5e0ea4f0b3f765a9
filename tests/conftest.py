"""What holds for every test, and how the tests are shared out among processes."""

from __future__ import annotations

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

# A busy machine makes slow examples; only a wrong answer fails a test.
hypothesis.settings.register_profile(
    "distillery", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("distillery")

# Files that share what is slow to start, and those that take long, which begin first: else one
# process would still be at them when the others have nothing left to do.
FIRST = (
    ("local/test_trial_processes.py",),
    (
        "local/test_end_to_end.py",
        "local/test_member_commands.py",
        "local/test_dead_letters.py",
        "local/test_content_rules.py",
    ),
    ("local/test_page_end_to_end.py",),
    ("core/test_promises.py",),
    (
        "local/discord/test_page.py",
        "local/discord/test_page_cloud.py",
        "local/discord/test_page_commands.py",
        "local/discord/test_page_dashboards.py",
        "local/discord/test_page_interactions.py",
    ),
)
PLACES = {f"tests/{file}": place for place, files in enumerate(FIRST) for file in files}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: PLACES.get(item.location[0], len(FIRST)))


@pytest.hookimpl(optionalhook=True)  # not where xdist is left out
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Share out whole files, and those of one line of FIRST together, in the order they have."""
    config.option.loadscopereorder = False
    return _Scheduling(config, log)  # type: ignore[arg-type]


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return str(PLACES.get(file, file))
