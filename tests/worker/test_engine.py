"""The engine as a process: started, awaited, noticed when it dies, started again, ended."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gpu_container.worker.comfy import engine as engine_module
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.start.give_way import NICENESS, give_way
from tests.worker.process import wait_for

# One line, no single quotes: it is put into a command line.
SMALL_ENGINE = (
    "import http.server,sys;"
    'H=type("H",(http.server.BaseHTTPRequestHandler,),dict('
    "do_GET=lambda s:(s.send_response(200),s.end_headers()),log_message=lambda *a:None));"
    'http.server.HTTPServer(("127.0.0.1",int(sys.argv[1])),H).serve_forever()'
)
SAYING_SO = (  # as ComfyUI does, once it listens
    "import http.server,sys;"
    'H=type("H",(http.server.BaseHTTPRequestHandler,),dict('
    "do_GET=lambda s:(s.send_response(200),s.end_headers()),log_message=lambda *a:None));"
    'server=http.server.HTTPServer(("127.0.0.1",int(sys.argv[1])),H);'
    'print("To see the GUI go to: http://127.0.0.1:8188");'
    "server.serve_forever()"
)
FOREVER = 1e9


def python(code: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", code, *arguments])


@pytest.fixture
def make() -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def build(code: str, *arguments: str, **options: float) -> Engine:
        engines.append(Engine(command=python(code, *arguments), **options))
        return engines[-1]

    yield build
    for engine in engines:
        engine.stop()


def test_it_is_ready_when_it_answers(make: Callable[..., Engine]) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.start()

    engine.wait_ready(FOREVER, Event())

    assert engine.is_ready()


def test_it_is_asked_as_soon_as_it_says_that_it_listens(
    make: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_POLL_S", 120.0)  # the test's own limit is far below
    engine = make(SAYING_SO, "{port}")
    asked: list[bool] = []
    ask = Engine.is_ready
    monkeypatch.setattr(Engine, "is_ready", lambda self: asked.append(ask(self)) or asked[-1])
    engine.start()

    engine.wait_ready(FOREVER, Event())

    assert asked in ([True], [False, True])


def test_its_end_is_noticed_by_its_last_word_and_not_by_looking(
    make: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_POLL_S", 120.0)
    engine = make("print('no GPU found'); raise SystemExit(3)")

    with pytest.raises(JobFailed, match="code 3 while starting: no GPU found"):
        engine.wait_ready(FOREVER, Event())


def test_its_folder_is_known_once_it_is_started_and_there_is_none_of_somebody_elses(
    make: Callable[..., Engine],
) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    assert engine.folder is None
    engine.start()

    assert engine.folder is not None
    assert (engine.folder / "output").is_dir()
    assert Engine(url="http://127.0.0.1:9").folder is None


def test_its_scratch_folder_is_ready_for_it_and_gone_afterwards(
    make: Callable[..., Engine], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    listing = "' '.join([sys.argv[2], *os.listdir(sys.argv[2])])"
    code = f"import os,sys;open(sys.argv[1],'w').write({listing})"
    engine = make(code, str(told), "{dir}")
    engine.start()
    wait_for(lambda: told.exists() and told.read_text() != "")
    folder, *names = told.read_text().split()

    engine.stop()

    assert sorted(names) == ["input", "output", "temp"]
    assert not Path(folder).exists()


def test_a_process_that_ends_while_starting_is_reported_with_its_last_words(
    make: Callable[..., Engine],
) -> None:
    engine = make("import sys; print('no GPU found'); sys.exit(3)")

    with pytest.raises(JobFailed, match="ended with code 3 while starting: no GPU found") as caught:
        engine.wait_ready(FOREVER, Event())

    assert caught.value.kind is Kind.ENGINE_UNAVAILABLE


def test_an_engine_that_never_answers_is_given_up(make: Callable[..., Engine]) -> None:
    engine = make("import time; time.sleep(60)", start_s=0.1)

    with pytest.raises(JobFailed, match="did not get ready in time"):
        engine.wait_ready(FOREVER, Event())


def test_waiting_for_it_ends_when_the_worker_is_told_to_stop(make: Callable[..., Engine]) -> None:
    engine = make("import time; time.sleep(60)")
    stop = Event()
    stop.set()

    with pytest.raises(JobFailed) as caught:
        engine.wait_ready(FOREVER, stop)

    assert caught.value.kind is Kind.INTERRUPTED


def test_a_dead_one_is_started_again_before_the_next_job(
    make: Callable[..., Engine], caplog: pytest.LogCaptureFixture
) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())
    process = engine._process
    assert process is not None
    process.kill()
    process.wait()
    assert not engine.is_alive()

    with caplog.at_level("WARNING"):
        engine.wait_ready(FOREVER, Event())

    assert engine.is_alive()
    assert engine._process is not process
    assert "the engine ended with code -9: restart 1" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux")
def test_whoever_starts_it_again_gives_way_to_it(make: Callable[..., Engine]) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())
    ours, first = os.getpriority(os.PRIO_PROCESS, 0), priority(engine)
    engine._process.kill()  # type: ignore[union-attr]
    wait_for(lambda: not engine.is_alive())

    def restart() -> int:
        give_way()
        engine.wait_ready(FOREVER, Event())
        return os.getpriority(os.PRIO_PROCESS, 0)

    with ThreadPoolExecutor(1) as worker:
        theirs = worker.submit(restart).result()

    assert priority(engine) == first == ours
    assert theirs == max(ours, NICENESS)


def priority(engine: Engine) -> int:
    assert engine._process is not None
    return os.getpriority(os.PRIO_PROCESS, engine._process.pid)


def test_an_ended_engine_stays_ended(make: Callable[..., Engine]) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())

    engine.stop()
    engine.start()

    assert not engine.is_alive()


def test_a_killed_engine_stays_ended(make: Callable[..., Engine]) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())

    engine.kill()
    wait_for(lambda: not engine.is_alive())
    engine.start()

    assert not engine.is_alive()


def test_an_engine_that_hangs_is_put_down_and_the_next_one_started(
    make: Callable[..., Engine],
) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())
    hung, life = engine._process, engine.life
    assert hung is not None
    hung.send_signal(signal.SIGSTOP)  # it heeds nothing but a kill

    assert engine.put_down(life)

    assert hung.poll() == -signal.SIGKILL
    engine.wait_ready(FOREVER, Event())
    assert engine.is_ready()
    assert engine.life == life + 1


def test_an_engine_that_took_the_place_of_another_is_not_put_down_for_it(
    make: Callable[..., Engine],
) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())
    engine.put_down(engine.life)
    process = engine._process

    engine.start()
    assert engine.put_down(engine.life - 1) is True

    assert engine._process is process
    assert engine.is_alive()


def test_an_engine_is_not_put_down_once_the_worker_ends(make: Callable[..., Engine]) -> None:
    engine = make(SMALL_ENGINE, "{port}")
    engine.wait_ready(FOREVER, Event())
    life = engine.life
    engine.stop()

    assert engine.put_down(life)

    assert not engine.is_alive()
    assert engine.life == life


def test_somebody_elses_engine_is_not_put_down() -> None:
    engine = Engine(url="http://127.0.0.1:9")

    assert engine.put_down(engine.life) is False


def test_the_engine_sees_no_key_of_the_platforms_or_the_operators(
    make: Callable[..., Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RUNPOD_AI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "civitai_api_key"):
        monkeypatch.setenv(name, "SECRET")
    for name in ("HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "DB_PASSWORD", "GITHUB_CREDENTIALS"):
        monkeypatch.setenv(name, "SECRET")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    told = tmp_path / "told"
    engine = make("import os,sys;open(sys.argv[1],'w').write(str(os.environ))", str(told))

    engine.start()

    wait_for(lambda: told.exists() and told.read_text() != "")
    assert "PATH" in told.read_text()
    assert "TOKENIZERS_PARALLELISM" in told.read_text()
    assert "SECRET" not in told.read_text()


def test_somebody_elses_engine_is_only_asked() -> None:
    engine = Engine(url="http://127.0.0.1:9/", start_s=0.05)
    engine.start()

    assert engine.url == "http://127.0.0.1:9"
    assert engine.is_alive()
    assert not engine.is_ready()
    with pytest.raises(JobFailed, match="did not get ready"):
        engine.wait_ready(FOREVER, Event())
