"""A store behind https: reached at the checked address, known by its name's certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gpu_container.worker.store import questions as questions_module
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.origin import parse_origin
from gpu_container.worker.store.questions import StoreQuestions
from gpu_container.worker.wire import ConnectionLost
from tests.worker.conftest import png
from tests.worker.loop_thread import LoopThread
from tests.worker.test_ssrf import PUBLIC, Dns


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Bucket.S3.amazonaws.com/jobs/1?X=y@z", "https://bucket.s3.amazonaws.com:443"),
        ("HTTPS://a.b:443", "https://a.b:443"),
        ("http://a.b", "http://a.b:80"),
        ("http://127.0.0.1:04566/x", "http://127.0.0.1:4566"),
        ("http://[::1]:9000/x", "http://[::1]:9000"),
        ("http://a@b/", None),
        ("http://a.b\\c/", None),
        ("ftp://a.b/", None),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str | None) -> None:
    assert parse_origin(url) == origin


class Tls:
    """A store with a certificate, which the fake DNS puts at a public address."""

    def __init__(self, loop: LoopThread, folder: Path, name: str) -> None:
        certificate, key = self_signed(folder, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.authority = str(certificate)
        self.asked: list[str] = []
        app = web.Application()
        app.add_routes([web.route("*", "/a.png", self._answer)])
        self._loop = loop
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        loop.call(self._runner.setup())
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        loop.call(site.start())
        self.port: int = self._runner.addresses[0][1]

    def close(self) -> None:
        self._loop.call(self._runner.cleanup())

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.host)
        return web.Response(body=png())


@pytest.fixture
def make_tls(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Callable[[str], Tls]]:
    made: list[Tls] = []

    def make(name: str) -> Tls:
        made.append(Tls(loop_thread, tmp_path, name))
        return made[-1]

    yield make
    for server in made:
        server.close()


def led_to(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let what is meant for the public address arrive at the port of this machine."""
    connect = socket.socket.connect

    def instead(self: socket.socket, address: Any) -> None:
        connect(self, ("127.0.0.1", port) if address == (PUBLIC, 443) else address)

    monkeypatch.setattr(socket.socket, "connect", instead)


def test_the_certificate_and_the_host_header_are_the_names_and_not_the_addresses(
    make_tls: Callable[[str], Tls], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, dns = make_tls("store.example"), Dns([PUBLIC])
    led_to(monkeypatch, tls.port)

    with StoreAccess(resolve=dns).session() as session:
        session.verify = tls.authority
        answers = [session.get("https://store.example/a.png", timeout=5) for _ in range(3)]

    assert [answer.content for answer in answers] == [png()] * 3
    assert tls.asked == ["store.example"] * 3
    assert dns.asked == [("store.example", 443)]  # one connection, kept alive


def test_a_certificate_of_somebody_else_is_refused(
    make_tls: Callable[[str], Tls], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = make_tls("other.example")
    led_to(monkeypatch, tls.port)

    with StoreAccess(resolve=Dns([PUBLIC])).session() as session:
        session.verify = tls.authority
        with pytest.raises(requests.exceptions.SSLError):
            session.get("https://store.example/a.png", timeout=5)

    assert tls.asked == []


@pytest.fixture
def questions(
    make_tls: Callable[[str], Tls], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[StoreQuestions, Tls, Dns]]]:
    """The short way to a store whose certificate is for a name, and whose authority is known."""
    made: list[StoreQuestions] = []

    def make(name: str) -> tuple[StoreQuestions, Tls, Dns]:
        tls, dns = make_tls(name), Dns([PUBLIC])
        led_to(monkeypatch, tls.port)
        monkeypatch.setattr(questions_module, "DEFAULT_CA_BUNDLE_PATH", tls.authority)
        made.append(StoreQuestions(StoreAccess(resolve=dns)))
        return made[-1], tls, dns

    yield make
    for each in made:
        each.close()


def test_short_questions_go_over_one_connection_to_the_checked_address_and_name_the_host(
    questions: Callable[[str], tuple[StoreQuestions, Tls, Dns]],
) -> None:
    """A signature of S3 is about the Host header as it is sent: the name, without the port."""
    ours, tls, dns = questions("store.example")

    for method in ("GET", "PUT", "POST"):
        status = ours.ask(method, "https://store.example/a.png?X=y", lambda: None, timeout_s=5)
        assert status == HTTPStatus.OK

    assert tls.asked == ["store.example"] * 3
    assert dns.asked == [("store.example", 443)]


def test_no_short_question_is_put_to_who_has_somebody_elses_certificate(
    questions: Callable[[str], tuple[StoreQuestions, Tls, Dns]],
) -> None:
    ours, tls, _ = questions("other.example")

    with pytest.raises(ConnectionLost, match="SSLCertVerificationError"):
        ours.ask("GET", "https://store.example/a.png", lambda: None, timeout_s=5)

    assert tls.asked == []


def test_a_store_that_says_no_before_it_has_heard_all_is_believed() -> None:
    """And the question after it has a connection of its own."""
    pieces = (b"x" * (1 << 16) for _ in range(1 << 10))
    headers = {"Content-Length": str(1 << 26)}

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        ours = StoreQuestions(StoreAccess(frozenset({parse_origin(url) or ""})))
        thread = Thread(target=lambda: [refuse_early(server) for _ in range(2)])
        thread.start()
        first = ours.ask("POST", url, lambda: None, timeout_s=10, body=pieces, headers=headers)
        second = ours.ask("GET", url, lambda: None, timeout_s=10)
        thread.join(10)
        ours.close()

    assert (first, second) == (HTTPStatus.FORBIDDEN, HTTPStatus.FORBIDDEN)


def refuse_early(server: socket.socket) -> None:
    server.settimeout(10)
    connection, _ = server.accept()
    with connection:
        connection.recv(1 << 10)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begun = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
