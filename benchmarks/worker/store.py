"""A store that takes every file and forgets it, in a process of its own: `python -m`.

It prints its address in a line. What it costs is in no worker's time but its own, and as little as
can be: it shares this machine with the worker, as no store does.
"""

from __future__ import annotations

import re
import socketserver
import sys

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STORED = b"HTTP/1.1 204 No Content\r\n\r\n"
_NOT_THERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"  # a mark that nobody has set


class _Sink(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while head := self._head():
            length = _LENGTH.search(head)
            self.rfile.read(int(length[1]) if length else 0)
            self.wfile.write(_NOT_THERE if head.startswith(b"GET ") else _STORED)

    def _head(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()).strip():
            lines.append(line.rstrip())
        return b"\r\n".join(lines)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    """Serve on a free port until this process is ended."""
    server = _Server(("127.0.0.1", 0), _Sink)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
