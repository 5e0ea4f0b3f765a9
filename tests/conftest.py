"""What holds for every test, and how the tests are shared out among processes."""

from __future__ import annotations

import gc

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

gc.disable()  # what is imported and collected stays: no need to look through it again and again

# A busy machine makes slow examples; only a wrong answer fails a test.
hypothesis.settings.register_profile(
    "distillery", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("distillery")

# Files and folders that share what is slow to start, and those that take long. They begin first:
# else one process would still be at them when the others have nothing left to do.
FIRST = (
    ("local/test_page_end_to_end.py", "local/test_deploy_document.py"),
    (
        "local/test_end_to_end.py",
        "local/test_member_commands.py",
        "local/test_page_menus.py",
        "local/test_dead_letters.py",
        "local/test_content_rules.py",
        "local/test_picture_check.py",
        "local/test_permissions.py",
    ),
    ("local/test_trial_processes.py",),
    ("local/test_workflow_walk.py",),
    ("local/test_cloud.py",),
    ("infra/",),
    ("local/discord/test_page",),
    ("core/test_promises.py",),
)


def place(nodeid: str) -> int:
    """Return the line of FIRST that a test is in; one behind the last when it is in none."""
    inside = nodeid.removeprefix("tests/")
    return next((at for at, names in enumerate(FIRST) if inside.startswith(names)), len(FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From now on free what the tests leave, and that alone."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)  # not where xdist is left out
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Share out whole files, and those of one line of FIRST together, in the order they have."""
    config.option.loadscopereorder = False
    return _Scheduling(config, log)


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        line = place(nodeid)
        return str(line) if line < len(FIRST) else super()._split_scope(nodeid)
