"""URLs that lead anywhere but to a store: none of them makes the worker open a connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from aiohttp import web

from gpu_container.worker.attempt import Attempts
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.job import InputImage, UploadTarget, parse_job
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader
from tests.worker.conftest import Bench

PUBLIC, METADATA = "52.219.170.1", "169.254.169.254"
STORE = "https://bucket.s3.eu-central-1.amazonaws.com/jobs/1?X-Amz-Signature=SECRETSIGNATURE"

# Not one of these is a store, whatever DNS says.
BAD_URLS = [
    # The metadata service of a cloud, in every spelling that some program understands
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0xA9.0xFE.0xA9.0xFE/",
    "https://0251.0376.0251.0376/",
    "https://0251.254.0xa9.254/",
    "https://169.254.43518/",
    "https://169.16689662/",
    "https://025177524776/",
    "https://169.254.169.254./",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[fd00:ec2::254]/latest/",
    "https://[fe80::1%25eth0]/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "https://100.100.100.200/",
    # This machine, and the engine on it
    "http://127.0.0.1:8188/history",
    "https://127.0.0.1:8188/prompt",
    "http://localhost:8188/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://127.1/",
    "https://127.0.1/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::]/",
    "https://0.0.0.0/",
    "https://0/",
    # Private networks
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://[fc00::1]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://intranet/",
    # A user before the host, and other ways to hide it
    "https://bucket.s3.amazonaws.com@169.254.169.254/",
    "https://user:password@bucket.s3.amazonaws.com/",  # pragma: allowlist secret
    "https://169.254.169.254#@bucket.s3.amazonaws.com/",
    "https://169.254.169.254\\@bucket.s3.amazonaws.com/",
    "https://bucket.s3.amazonaws.com\\@169.254.169.254/",
    "https://bucket.s3.amazonaws.com%2f@169.254.169.254/",
    "https://bucket.s3.amazonaws.com%00.evil.example/",
    "https://bucket.s3.amazonaws.com,169.254.169.254/",
    "https:///169.254.169.254/",
    "https:169.254.169.254/",
    "https:\\\\169.254.169.254/",
    "//169.254.169.254/",
    # Other protocols
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:6379/_SET%20a%20b",
    "ftp://bucket.s3.amazonaws.com/a.png",
    "data:image/png;base64,iVBORw0KGgo=",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:https://bucket.s3.amazonaws.com/!/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "ws://127.0.0.1:8188/ws",
    "javascript:alert(1)",
    # Not encrypted, or not a store's port
    "http://bucket.s3.amazonaws.com/a.png",
    "https://bucket.s3.amazonaws.com:22/",
    "https://bucket.s3.amazonaws.com:8188/",
    "https://bucket.s3.amazonaws.com:80/",
    "https://bucket.s3.amazonaws.com:0/",
    "https://bucket.s3.amazonaws.com:99999/",
    "https://bucket.s3.amazonaws.com:443:8188/",
    "https://bucket.s3.amazonaws.com:-1/",
    # Lines and letters that a parser takes for something else
    "https://bucket.s3.amazonaws.com/\r\nHost: 169.254.169.254",
    "https://bucket.s3.amazonaws.com\r\n.evil.example/",
    "https://bucket.s3.amazonaws.com/a\nb",
    "https://bucket.s3.amazonaws.com/a\tb",
    "https://bucket.s3.amazonaws.com/a b",
    " https://bucket.s3.amazonaws.com/",
    "https://①⑥⑨.②⑤④.①⑥⑨.②⑤④/",
    "https://169。254。169。254/",
    "https://\uff11\uff16\uff19.\uff12\uff15\uff14.\uff11\uff16\uff19.\uff12\uff15\uff14/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://bücket.example/",
    "https://bucket.s3.amazonaws.com\u2100.evil.example/",
    "https://bucket..amazonaws.com/",
    "https://.amazonaws.com/",
    "https://-bucket.amazonaws.com/",
    "https://bucket.s3.amazonaws.com./",
    "https://",
    "https://[",
    "",
]

# A name may be fine and still lead here.
BAD_ADDRESSES = [
    METADATA,
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:52.219.170.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2002:34db:aa01::1",
    "2001:0:53aa:64c:0:0:0:1",
    "2001:db8::1",
    "fd00:ec2::254",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
]


class Dns:
    """Answers with one list of addresses after the other, and stays with the last."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, name: str, port: int, *, type: int) -> list[Any]:
        self.asked.append((name, port))
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        family = socket.AF_INET6 if ":" in found[0] else socket.AF_INET
        return [(family, type, 6, "", (address, port)) for address in found]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where this process wanted to connect or to send, and which names it asked DNS about."""
    seen: list[Any] = []
    look_up = socket.getaddrinfo

    def refuse(_: socket.socket, address: Any, *__: Any) -> None:
        seen.append(address)
        raise ConnectionRefusedError("the guard lets nothing through")

    def numbers_only(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        try:
            flags = socket.AI_NUMERICHOST  # no packet leaves for these
            return list(look_up(host, port, type=socket.SOCK_STREAM, flags=flags))
        except socket.gaierror:
            seen.append(host)
            raise

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket.socket, "sendto", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
    return seen


def fetch(url: str, access: StoreAccess) -> JobFailed:
    fetcher = Fetcher(access, sleep=lambda _: None)
    with pytest.raises(JobFailed) as caught:
        fetcher.fetch(InputImage("1", "image", url, 1 << 20))
    fetcher.close()
    return caught.value


def test_there_are_forty_attempts_and_more() -> None:
    assert len(set(BAD_URLS)) == len(BAD_URLS) >= 40


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_is_no_stores_is_refused_before_any_connection(
    url: str, connected: list[Any]
) -> None:
    dns = Dns([PUBLIC])

    failure = fetch(url, StoreAccess(resolve=dns))

    assert failure.kind is Kind.BAD_INPUT
    assert "address is refused" in failure.message
    assert (connected, dns.asked) == ([], [])


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_named_store_opens_no_other_door(url: str, connected: list[Any]) -> None:
    named = StoreAccess(frozenset({"http://127.0.0.1:9000", "https://store.example:443"}))

    failure = fetch(url, named)

    assert failure.kind is Kind.BAD_INPUT
    assert connected == []


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("also", [[], [PUBLIC]], ids=["alone", "behind a public one"])
def test_a_name_that_leads_into_a_private_network_is_refused(
    address: str, also: list[str], connected: list[Any]
) -> None:
    failure = fetch(STORE, StoreAccess(resolve=Dns([*also, address])))

    assert failure.kind is Kind.BAD_INPUT
    assert "private network" in failure.message
    assert connected == []


@pytest.mark.parametrize("address", [PUBLIC, "2600:1fa0:4000::1", "64:ff9b::34db:aa01"])
def test_a_name_that_leads_into_public_is_connected_to_at_the_address_that_was_checked(
    address: str, connected: list[Any]
) -> None:
    dns = Dns([address])

    failure = fetch(STORE, StoreAccess(resolve=dns))

    assert failure.message == "the image could not be fetched: the store does not answer."
    assert {found[0] for found in connected} == {address}
    assert set(dns.asked) == {("bucket.s3.eu-central-1.amazonaws.com", 443)}


def test_the_next_address_is_tried_where_one_does_not_answer(connected: list[Any]) -> None:
    fetch(STORE, StoreAccess(resolve=Dns([PUBLIC, "52.219.170.2"])))

    assert [found[0] for found in connected[:2]] == [PUBLIC, "52.219.170.2"]


def test_a_name_that_changes_after_the_check_is_not_followed(connected: list[Any]) -> None:
    """Once public, then private: the second answer comes only for a second connection."""
    dns = Dns([PUBLIC], [METADATA])

    failure = fetch(STORE, StoreAccess(resolve=dns))

    assert "private network" in failure.message
    assert [found[0] for found in connected] == [PUBLIC]
    assert len(dns.asked) == 2


def test_the_signed_url_is_not_in_the_refusal() -> None:
    failure = fetch(STORE.replace("https", "http"), StoreAccess())

    assert "SECRET" not in failure.message


def store(access: StoreAccess) -> JobFailed:
    """The other way to a store: a result is to be uploaded."""
    uploader = Uploader(access, attempts=2, sleep=lambda _: None)
    with pytest.raises(JobFailed) as caught:
        uploader.post(UploadTarget(STORE, {"key": "x"}), "x", b"", "text/plain")
    uploader.close()
    return caught.value


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("also", [[], [PUBLIC]], ids=["alone", "behind a public one"])
def test_nothing_is_uploaded_to_a_name_that_leads_into_a_private_network(
    address: str, also: list[str], connected: list[Any]
) -> None:
    failure = store(StoreAccess(resolve=Dns([*also, address])))

    assert "private network" in failure.message
    assert connected == []


def test_an_upload_connects_to_the_addresses_that_were_checked(connected: list[Any]) -> None:
    """Each in turn; the second try asks DNS anew, and its answer is checked anew."""
    dns = Dns([PUBLIC, "2600:1fa0:4000::1"], [METADATA])

    failure = store(StoreAccess(resolve=dns))

    assert "private network" in failure.message
    assert [found[0] for found in connected] == [PUBLIC, "2600:1fa0:4000::1"]
    assert len(dns.asked) == 2


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """Stands for whatever else listens on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def url_of(trap: socket.socket) -> str:
    return f"http://127.0.0.1:{trap.getsockname()[1]}/x"


def is_untouched(trap: socket.socket) -> bool:
    try:
        trap.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_of_the_store_is_followed(
    bench: Bench, trap: socket.socket, status: int
) -> None:
    headers = {"Location": url_of(trap)}
    bench.store.input_answers = [web.Response(status=status, headers=headers) for _ in range(2)]
    access = StoreAccess(frozenset({bench.store.origin}))

    failure = fetch(bench.store.input_url("photo"), access)
    with access.session() as session:  # not even by a caller that would follow it
        answer = session.get(bench.store.input_url("photo"), timeout=5)

    assert "redirects are refused" in failure.message
    assert answer.status_code == status
    assert is_untouched(trap)


@pytest.mark.parametrize("named", [False, True])
def test_no_url_of_a_job_is_asked_that_is_no_stores(
    bench: Bench, trap: socket.socket, *, named: bool
) -> None:
    """Its input, its uploads, its claim and its cancellation: one rule for all."""
    access = StoreAccess(frozenset({bench.store.origin})) if named else StoreAccess()
    url = url_of(trap)
    target = UploadTarget(url, {"key": "x"})

    attempts = Attempts(access)
    job = bench.job(cancel_url=url, claim={"url": url, "headers": {}})
    with pytest.raises(JobFailed, match=r"127\.0\.0\.1:.* did not store x: its address is refused"):
        Uploader(access, sleep=lambda _: pytest.fail("it was tried again")).post(
            target, "x", b"", "text/plain"
        )
    fetch(url, access)
    assert not attempts.is_cancelled(parse_job(job))
    with attempts.hold(parse_job(job), Event()):
        pass
    assert is_untouched(trap)


def test_a_job_with_a_forged_input_fails_as_the_jobs_own_fault(
    bench: Bench, trap: socket.socket
) -> None:
    entry = {"node": "6", "input": "text", "url": url_of(trap), "max_bytes": 9}

    bench.run(inputs=[entry])

    error = bench.result_document()["error"]
    assert error["kind"] == "bad_input"
    assert "STORE_ORIGINS" in error["message"]
    assert bench.comfy.seen.prompts == []
    assert is_untouched(trap)
