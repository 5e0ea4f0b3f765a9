"""Where a token goes, and above all where it does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_container.worker.models import http_source
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource, SourceRefused
from gpu_container.worker.store.access import StoreAccess
from tests.worker.model_server import CONTENT, ModelServer, Turn, model_server

TOKEN = "hf_made_up"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """Hugging Face, as far as the token is concerned."""
    with model_server() as place:
        monkeypatch.setattr(http_source, "HUGGING_FACE", place.origin)
        yield place


@pytest.fixture
def cdn() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


def source(at: ModelServer, *redirects_to: ModelServer) -> HttpSource:
    elsewhere = StoreAccess(frozenset({place.origin for place in redirects_to} or {"none"}))
    return HttpSource(f"{at.origin}/a", token=TOKEN, elsewhere=elsewhere)


def everything_from(source: HttpSource) -> bytes:
    answer = source.open(0, None)
    try:
        return b"".join(iter(lambda: answer.read(1 << 16), b""))
    finally:
        answer.close()


def tokens(server: ModelServer) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in server.seen]


def test_the_hub_gets_the_token_and_the_host_it_redirects_to_does_not(
    hub: ModelServer, cdn: ModelServer
) -> None:
    hub.turns = [Turn(status=302, headers={"Location": f"{cdn.origin}/signed?by=hub"})]

    got = everything_from(source(hub, hub, cdn))

    assert got == CONTENT
    assert tokens(hub) == [f"Bearer {TOKEN}"]
    assert tokens(cdn) == [None]


def test_a_redirect_within_the_hub_keeps_the_token(hub: ModelServer) -> None:
    hub.turns = [Turn(status=307, headers={"Location": "/elsewhere"})]

    everything_from(source(hub))

    assert tokens(hub) == [f"Bearer {TOKEN}"] * 2
    assert hub.seen[1].path == "/elsewhere"


def test_a_redirect_that_comes_back_to_the_hub_has_lost_the_token(
    hub: ModelServer, cdn: ModelServer
) -> None:
    hub.turns = [Turn(status=302, headers={"Location": f"{cdn.origin}/there"})]
    cdn.turns = [Turn(status=302, headers={"Location": f"{hub.origin}/back"})]

    everything_from(source(hub, hub, cdn))

    assert tokens(hub) == [f"Bearer {TOKEN}", None]
    assert tokens(cdn) == [None]


def test_any_other_address_gets_no_token(cdn: ModelServer) -> None:
    everything_from(source(cdn))

    assert http_source.HUGGING_FACE == "https://huggingface.co:443"
    assert tokens(cdn) == [None]


def test_a_password_from_the_home_folder_is_not_sent_either(
    cdn: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password made-up\n")
    monkeypatch.setenv("NETRC", str(netrc))

    everything_from(source(cdn))

    assert tokens(cdn) == [None]


def test_the_range_goes_along_with_a_redirect(hub: ModelServer, cdn: ModelServer) -> None:
    hub.turns = [Turn(status=302, headers={"Location": f"{cdn.origin}/signed"})]

    source(hub, cdn).open(5000, '"x"').close()

    assert cdn.seen[0].headers["Range"] == "bytes=5000-"


def test_redirects_without_end_are_refused(hub: ModelServer) -> None:
    hub.always = Turn(status=302, headers={"Location": "/again"})

    with pytest.raises(SourceRefused, match="redirects more than 5 times"):
        source(hub).open(0, None)
    assert len(hub.seen) == 5


@pytest.mark.parametrize(
    "target",
    [
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "http://huggingface.co/a",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://2130706433/a",
        "https://user:password@example.com/a",  # pragma: allowlist secret
        "https://example.com:8443/a",
    ],
)
def test_a_redirect_to_anything_but_public_https_is_refused(hub: ModelServer, target: str) -> None:
    hub.turns = [Turn(status=302, headers={"Location": target})]

    with pytest.raises(SourceRefused, match="leads elsewhere"):
        HttpSource(f"{hub.origin}/a", token=TOKEN).open(0, None)


def test_a_redirect_to_the_engine_next_door_is_refused(hub: ModelServer, cdn: ModelServer) -> None:
    hub.turns = [Turn(status=302, headers={"Location": f"{cdn.origin}/a"})]

    with pytest.raises(SourceRefused, match="leads elsewhere"):
        HttpSource(f"{hub.origin}/a").open(0, None)
    assert cdn.seen == []


def test_a_redirect_to_a_name_with_a_private_address_is_refused(hub: ModelServer) -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        return [(0, 0, 0, "", ("10.0.0.1", 443))]

    hub.turns = [Turn(status=302, headers={"Location": "https://cdn.example.com/a"})]
    elsewhere = StoreAccess(resolve=resolve)

    with pytest.raises(SourceRefused, match="private network"):
        HttpSource(f"{hub.origin}/a", elsewhere=elsewhere).open(0, None)


def test_neither_the_token_nor_a_signed_address_is_ever_logged(
    hub: ModelServer, cdn: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hub.always = Turn(status=302, headers={"Location": f"{cdn.origin}/a?signature=secret"})
    cdn.turns = [Turn(cut=100), Turn(status=500)]
    cdn.always = Turn(status=403)

    with pytest.raises(ModelUnavailable, match="HTTP 403") as caught:
        bring(hub.model(), source(hub, cdn), tmp_path, Watch(sleep=lambda _: None))

    said = caplog.text + str(caught.value)
    assert "the source ended before" in said or "the connection broke" in said
    assert TOKEN not in said
    assert "secret" not in said
