"""Where a job's URLs may lead: the one rule, held by every request that is made for a job.

A URL in a job is somebody's wish. Without a rule a forged one would reach the engine next door,
or the metadata service of the cloud the worker runs in.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from gpu_container.worker.store.origin import parse_origin

Resolver = Callable[..., list[Any]]
"""Called as socket.getaddrinfo is, with `type` and nothing else by name."""

_HTTPS_PORT = 443
# RFC 1123, 2.1. The last label begins with a letter: 127.1, 0x7f.0.0.1 and 2130706433 are no names.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])", re.I)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # IANA has given out nothing else
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


class AddressRefused(ValueError):
    """The URL leads nowhere a store can be. The message is without the URL, which is a secret."""


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """Where the store is.

    With `origins` (what `parse_origin` returns) there and nowhere else, whatever their addresses
    are. Without: at any https address on port 443 whose host is a name and leads to public
    addresses only. Nothing else is ever connected to, by no redirect and by no second look at DNS.
    """

    origins: frozenset[str] = frozenset()
    resolve: Resolver = socket.getaddrinfo

    def session(self) -> requests.Session:
        """Make a session that raises AddressRefused instead of connecting elsewhere."""
        return _StoreSession(self)

    def check(self, url: str) -> None:
        """Raise AddressRefused if the URL's own text forbids it. Its DNS is asked on connecting."""
        origin = parse_origin(url)
        if self.origins:
            if origin not in self.origins:
                raise AddressRefused("it is not at one of the addresses in STORE_ORIGINS")
            return
        scheme, _, rest = (origin or "").partition("://")
        name, _, port = rest.rpartition(":")
        if scheme != "https" or int(port) != _HTTPS_PORT or not _NAME.fullmatch(name):
            raise AddressRefused("only https addresses with a host's name are reached")


def public_addresses(name: str, port: int, resolve: Resolver) -> list[str]:
    """Resolve a name once. Raises AddressRefused if even one of its addresses is not public."""
    found = resolve(name, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(_is_public(address) for address in addresses):
        raise AddressRefused("its host leads into a private network")
    return addresses


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            address = ipaddress.IPv4Address(address.packed[-4:])
        elif address not in _GLOBAL_UNICAST or address.sixtofour is not None:
            return False
    return address.is_global and not address.is_multicast


class _StoreSession(requests.Session):
    def __init__(self, access: StoreAccess) -> None:
        super().__init__()
        self._access = access
        self.trust_env = False  # no proxy and no .netrc: the URL is all it needs
        self.adapters.clear()
        self.mount("https://", _StoreAdapter(access))
        self.mount("http://", _StoreAdapter(access))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow none."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Check the URL as it came, before anything is made of it."""
        self._access.check(str(request.url))
        return super().prepare_request(request)


class _StoreAdapter(HTTPAdapter):
    def __init__(self, access: StoreAccess) -> None:
        self._access = access
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Where the rule is about addresses, connections are made by those that look at them."""
        super().init_poolmanager(*args, **more)
        _connect_only_where(self._access, self.poolmanager)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Check the URL that is really asked."""
        self._access.check(str(request.url))
        return super().send(request, *args, **more)


def _connect_only_where(access: StoreAccess, pools: PoolManager) -> None:
    if not access.origins:
        pools.pool_classes_by_scheme = {"https": _public_pool(access.resolve)}


def _public_pool(resolve: Resolver) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        """Connects to the address that was checked; the certificate is still the name's."""

        def connect(self) -> None:
            name = self.host
            self.server_hostname = name
            problem: Exception = NewConnectionError(self, "the host has no address")
            try:
                for address in public_addresses(name, self.port, resolve):
                    self.host = address
                    try:
                        return super().connect()
                    except (NewConnectionError, ConnectTimeoutError) as error:
                        problem = error
                raise problem
            except socket.gaierror as error:
                raise NameResolutionError(name, self, error) from error
            finally:
                self.host = name

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool
