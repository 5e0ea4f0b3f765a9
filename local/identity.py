"""What stays the same from one start of the local cloud to the next.

The keys and the ports go into the stack: were they new each time, each start would build it anew.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from nacl.encoding import HexEncoder
from nacl.signing import SigningKey

from local.processes import free_port, write_privately

APPLICATION_ID = "1300000000000000001"
GUILD_ID = "1300000000000000002"
CHANNEL_ID = "1300000000000000003"


class PortTaken(RuntimeError):
    """The port that was asked for belongs to another program; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Keys and ports of one local cloud; `seed` is the hex Ed25519 seed of its Discord."""

    seed: str
    bot_token: str
    runpod_key: str
    page_port: int = 0
    aws_port: int = 0
    gpu_port: int = 0

    @property
    def public_key(self) -> str:
        """The key with which the service checks signatures, in hex."""
        key = SigningKey(self.seed.encode(), encoder=HexEncoder)
        return key.verify_key.encode(encoder=HexEncoder).decode()

    @property
    def discord_url(self) -> str:
        """Where Discord and its page are."""
        return f"http://127.0.0.1:{self.page_port}"

    @property
    def gpu_url(self) -> str:
        """Where both GPU providers are."""
        return f"http://127.0.0.1:{self.gpu_port}"


def identity(folder: Path, page_port: int) -> Identity:
    """Return the identity kept in `folder`, with ports that are free now.

    `page_port` 0 leaves the choice to us; raises PortTaken when another program has it.
    """
    file = folder / "identity.json"
    try:
        known = Identity(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        known = Identity(
            seed=secrets.token_hex(32),
            bot_token=secrets.token_urlsafe(32),
            runpod_key=secrets.token_urlsafe(32),
        )
    wanted = {"page_port": page_port or known.page_port}
    wanted |= {"aws_port": known.aws_port, "gpu_port": known.gpu_port}
    ports = {name: free_port(port) for name, port in wanted.items()}
    if page_port and ports["page_port"] != page_port:
        raise PortTaken(f"port {page_port} is in use: choose another with --port, or leave it out")
    chosen = Identity(**asdict(known) | ports)
    write_privately(file, json.dumps(asdict(chosen)))
    return chosen
