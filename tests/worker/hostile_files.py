"""Makes files that members should not send: bombs, animations, forgeries, ruins, and odd pictures.

Every file is made when it is asked for, so that the repository holds none of them.
"""

from __future__ import annotations

import io
import struct
import zlib
from random import Random
from typing import Any

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
SECRET = b"<script>alert('a secret')</script>"
MEGABYTE = 1 << 20
LAST_BLOCK = b"\x03\x00"  # of deflate: an empty one, after which comes the checksum
SIDE = 4096  # the largest square that is allowed


def chunk(kind: bytes, data: bytes = b"", *, crc: int | None = None) -> bytes:
    check = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2, interlaced: int = 0) -> bytes:
    data = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return chunk(b"IHDR", data)


def png_of(*chunks: bytes) -> bytes:
    return PNG + b"".join(chunks) + chunk(b"IEND")


def black_png(width: int, height: int, depth: int = 1, colour: int = 0) -> bytes:
    """A whole picture, packed as tightly as zlib packs zeros."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * depth * channels + 7) // 8)
    packer = zlib.compressobj(9)
    packed = [packer.compress(row) for _ in range(height)]
    data = b"".join(packed) + packer.flush()
    return png_of(ihdr(width, height, depth, colour), chunk(b"IDAT", data))


def packed_zeros(megabytes: int) -> bytes:
    """As zlib packs them, but that only the first megabyte is packed, and the others repeat it."""
    packer, zeros, check = zlib.compressobj(9), bytes(MEGABYTE), 1
    head = packer.flush(zlib.Z_FULL_FLUSH)
    one = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        check = zlib.adler32(zeros, check)
    return head + one * megabytes + LAST_BLOCK + check.to_bytes(4)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(mode: str = "RGB", width: int = 64, height: int = 48) -> Image.Image:
    """A picture with something to see: its left upper corner is brighter than the rest."""
    image = Image.new("RGB", (width, height), (40, 80, 120))
    image.paste((250, 250, 250), (0, 0, width // 4, height // 4))
    return image.convert(mode)


def noise(width: int, height: int, mode: str) -> Image.Image:
    return Image.frombytes(mode, (width, height), Random(1).randbytes(width * height * len(mode)))


def in_png(*more: bytes) -> bytes:
    """A sound PNG with more chunks behind its header."""
    data = saved(picture(), "PNG")
    end = len(PNG) + 25
    return data[:end] + b"".join(more) + data[end:]


def in_jpeg(*segments: tuple[int, bytes], image: Image.Image | None = None) -> bytes:
    data = saved(image or picture(), "JPEG")
    made = (bytes((0xFF, m)) + struct.pack(">H", len(d) + 2) + d for m, d in segments)
    return data[:2] + b"".join(made) + data[2:]


def in_webp(kind: bytes, data: bytes, *, length: int | None = None) -> bytes:
    body = saved(picture(), "WEBP", lossless=True)[12:]
    size = len(data) if length is None else length
    body += struct.pack("<4sI", kind, size) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def exif(*entries: tuple[int, int, int, int], order: str = "<", rest: bytes = b"") -> bytes:
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    packed = (struct.pack(order + "HHII", *entry) for entry in entries)
    return b"Exif\0\0" + head + b"".join(packed) + bytes(4) + rest


def orientation_exif(value: int) -> bytes:
    with_gps = Image.Exif()
    with_gps[0x0112] = value
    with_gps[0x010E] = SECRET.decode()
    with_gps.get_ifd(0x8825)[1] = "N"
    with_gps.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return with_gps.tobytes()


def animation(kind: str, frames: int, **options: Any) -> bytes:
    images = [Image.new("L", (16, 16), number % 256) for number in range(frames)]
    more = {"save_all": True, "append_images": images[1:], "duration": 20, **options}
    return saved(images[0], kind, **more)


def gif_of(frames: int) -> bytes:
    frame = bytes.fromhex("2c0000000001000100000202440100")
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    return head + frame * frames + b";"


def lying_apng() -> bytes:
    """Says it has one frame, and has thousands."""
    control = chunk(b"acTL", struct.pack(">II", 1, 0))
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 48, 0, 0, 1, 10, 0, 0))
    return in_png(control, *[frame + chunk(b"fdAT", bytes(4) + SECRET)] * 5000)


def webp_claiming(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    data = b"VP8L" + struct.pack("<IBI", 6, 0x2F, bits) + b"\0"
    return b"RIFF" + struct.pack("<I", len(data) + 5) + b"WEBP" + data + b"\0"


def webp_with_a_false_canvas() -> bytes:
    body = saved(picture(), "WEBP")[12:]
    canvas = (16_383).to_bytes(3, "little") * 2
    body = b"VP8X" + struct.pack("<IB3x", 10, 0) + canvas + body
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_frame(width: int, height: int, colours: int, marker: int = 0xC0) -> bytes:
    parts = b"".join(bytes((n % 256, 0x11, 0)) for n in range(1, colours + 1))
    data = struct.pack(">BHHB", 8, height, width, colours) + parts
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg_claiming(width: int, height: int, colours: int = 3) -> bytes:
    data = saved(picture(), "JPEG")
    start = data.index(b"\xff\xc0")
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    return data[:start] + jpeg_frame(width, height, colours) + data[end:]


def jpeg_of_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again, each over every pixel."""
    data = saved(Image.new("RGB", (width, height)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + b"\xff\xd9"


def two_in_one_jpeg() -> bytes:
    return saved(picture(), "MPO", save_all=True, append_images=[picture(width=80)] * 3)


def pixels_twice() -> bytes:
    data = saved(picture(), "JPEG")
    start = data.index(b"\xff\xc0")
    return data[:start] + jpeg_frame(9000, 9000, 3) + data[start:]


def bad_crc(kind: bytes) -> bytes:
    data = bytearray(saved(picture("P"), "PNG"))
    start = data.index(kind)
    length = int.from_bytes(data[start - 4 : start], "big")
    data[start + 4 + length] ^= 0xFF
    return bytes(data)


def zipped(inside: bytes) -> bytes:
    """The least that a ZIP reader takes: one stored file and the directory at the end."""
    name, crc, size = b"a.html", zlib.crc32(inside), len(inside)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 10, 0, 0, 0, 0, crc, size, size, len(name), 0)
    entry = struct.pack(
        "<4s6H3I5H2I",
        *(b"PK\1\2", 10, 10, 0, 0, 0, 0, crc, size, size, len(name), 0, 0, 0, 0, 0, 0),
    )
    start = len(local) + len(name) + size
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry) + len(name), start, 0)
    return local + name + inside + entry + name + end
