"""A file as the form that S3's pre-signed POST takes, made while it is sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping

from gpu_container.worker.store.content import Content, chunks, size

_SMALL = 1 << 16  # bytes
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # HTML, "Multipart form data"


class Form:
    """A multipart body of known length. Iterate over it once; `sha256` is then the file's."""

    def __init__(
        self,
        fields: Mapping[str, str],
        name: str,
        content_type: str,
        content: Content,
        check: Callable[[], None],
    ) -> None:
        """`check` is called before each piece, and what it raises ends the request."""
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = "".join(_field(boundary, *field) for field in fields.items())
        # S3 ignores every field after `file`.
        head += (
            _part(boundary, f'file"; filename="{name}') + f"Content-Type: {content_type}\r\n\r\n"
        )
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._content = content
        self._check = check
        self._hash = hashlib.sha256()

    def __len__(self) -> int:
        return len(self._head) + size(self._content) + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces; a small file is one of them, with what is around it."""
        ready = self._head
        for chunk in chunks(self._content):
            self._check()
            self._hash.update(chunk)
            if len(ready) > _SMALL:
                yield ready
                ready = b""
            ready += chunk
        yield ready + self._tail

    @property
    def sha256(self) -> str:
        """The file's SHA-256 in hexadecimal, once all of it has been sent."""
        return self._hash.hexdigest()


def _field(boundary: str, name: str, value: str) -> str:
    return f"{_part(boundary, name.translate(_QUOTED))}\r\n{value}\r\n"


def _part(boundary: str, name: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
