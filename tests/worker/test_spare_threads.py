"""Threads that are used again, and work that begins later or never."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from threading import Event, get_ident

from gpu_container.worker.later import later
from gpu_container.worker.spare_threads import begin
from tests.worker.process import wait_for

HERE: ContextVar[str] = ContextVar("here", default="nowhere")
LONG_S = 3600.0


def ignore() -> None:
    """Work that is done at once."""


def test_a_task_is_waited_for_no_longer_than_asked_and_may_be_asked_about_again() -> None:
    may_end = Event()
    task = begin(lambda: assert_soon(may_end), "patient")

    assert not task.wait(0.01)
    may_end.set()

    assert task.wait(10)
    assert task.wait(10)


def test_a_thread_does_one_task_after_the_other_each_in_the_context_that_began_it() -> None:
    seen: list[tuple[int, str, str]] = []

    def look() -> None:
        seen.append((get_ident(), HERE.get(), threading.current_thread().name))

    for word in ("a job", "another job"):
        token = HERE.set(word)
        assert begin(look, f"about {word}").wait(10)
        HERE.reset(token)
        wait_for(lambda: "spare" in [thread.name for thread in threading.enumerate()])

    assert [entry[1:] for entry in seen] == [
        ("a job", "about a job"),
        ("another job", "about another job"),
    ]
    assert begin(lambda: seen.append((get_ident(), HERE.get(), "")), "last").wait(10)
    assert seen[-1][1] == "nowhere"


def test_a_hundred_tasks_need_no_hundred_threads() -> None:
    idents: set[int] = set()

    for _ in range(100):
        assert begin(lambda: idents.add(get_ident()), "short").wait(10)

    assert len(idents) < 10


def test_a_hundred_tasks_at_once_all_run_and_few_of_their_threads_stay() -> None:
    may_end, begun = Event(), threading.Semaphore(0)

    def work() -> None:
        begun.release()
        assert_soon(may_end)

    tasks = [begin(work, "one of many") for _ in range(100)]
    for _ in tasks:
        assert begun.acquire(timeout=10)
    may_end.set()

    assert all(task.wait(10) for task in tasks)
    wait_for(lambda: sum(t.name == "spare" for t in threading.enumerate()) <= 20)


def test_work_that_was_called_off_never_begins() -> None:
    seen: list[str] = []
    unwanted = later(0.02, lambda: seen.append("unwanted"), "unwanted")
    unwanted.call_off()
    wanted = Event()

    later(0.04, wanted.set, "wanted")

    assert wanted.wait(10)
    assert seen == []
    assert unwanted.wait(0)


def test_what_is_due_sooner_begins_sooner_though_it_was_asked_for_later() -> None:
    far, near = later(LONG_S, ignore, "far"), Event()

    later(0.0, near.set, "near")

    assert near.wait(10)
    far.call_off()


def test_work_that_has_begun_is_waited_for() -> None:
    begun, may_end = Event(), Event()

    def work() -> None:
        begun.set()
        assert_soon(may_end)

    work_later = later(0.0, work, "begun")
    assert begun.wait(10)
    work_later.call_off()

    assert not work_later.wait(0.01)
    may_end.set()
    assert work_later.wait(10)


def test_later_work_is_in_the_context_that_asked_for_it() -> None:
    seen, done = [], Event()
    token = HERE.set("a job")

    def work() -> None:
        seen.append(HERE.get())
        done.set()

    later(0.0, work, "about a job")
    HERE.reset(token)

    assert done.wait(10)
    assert seen == ["a job"]


def assert_soon(event: Event) -> None:
    assert event.wait(10)
