"""The hostile files by name, and what becomes of each: the words of its refusal, or a safe PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from tests.worker import hostile_files as make

NO_IMAGE = "send a PNG, JPEG or WebP"
PIXELS = "more than 16,777,216 pixels"
ANIMATED = "animated"
CUT = "cut off"
DAMAGED = "damaged"
UNSOUND = "not a sound"


@dataclass(frozen=True)
class Hostile:
    make: Callable[[], bytes]
    refused: str | None = None
    """Words of the refusal; None: it becomes a safe picture."""
    size: tuple[int, int] = (64, 48)
    """Of the safe picture."""


def _too_large() -> dict[str, Hostile]:
    one = zlib.compress(bytes(1000))
    return {
        "13,000 x 13,000 PNG of 20 KB": Hostile(lambda: make.black_png(13_000, 13_000), PIXELS),
        "20,000 x 20,000 PNG": Hostile(lambda: make.black_png(20_000, 20_000), PIXELS),
        "PNG of 2^31 x 2^31": Hostile(
            lambda: make.png_of(make.ihdr(2**31 - 1, 2**31 - 1), make.chunk(b"IDAT", one)), PIXELS
        ),
        "PNG one pixel high": Hostile(lambda: make.black_png(2_000_000, 1), "longer than 16,384"),
        "PNG without width": Hostile(lambda: make.black_png(0, 4), "no size"),
        "JPEG of 65,500 x 65,500": Hostile(lambda: make.jpeg_claiming(65_500, 65_500), PIXELS),
        "WebP of 16,383 x 16,383": Hostile(
            lambda: make.webp_claiming(16_383, 16_383), "more than 12,582,912 pixels"
        ),
    }


def _largest() -> dict[str, Hostile]:
    one, side = zlib.compress(bytes(1000)), make.SIDE
    return {
        "largest PNG, 16 bits a channel": Hostile(
            lambda: make.black_png(side, side, 16, 6), None, (side, side)
        ),
        "largest PNG, interlaced and short": Hostile(
            lambda: make.png_of(make.ihdr(side, side, 8, 6, 1), make.chunk(b"IDAT", one)), UNSOUND
        ),
        "PNG of 19 MB of noise": Hostile(
            lambda: make.saved(make.noise(2200, 2200, "RGBA"), "PNG", compress_level=0),
            None,
            (2200, 2200),
        ),
        "largest JPEG of noise": Hostile(
            lambda: make.saved(make.noise(side, side, "RGB"), "JPEG"), None, (side, side)
        ),
        "largest WebP": Hostile(
            lambda: make.saved(Image.new("RGBA", (side, 3072), (9, 9, 9, 9)), "WEBP", method=0),
            None,
            (side, 3072),
        ),
        "largest lossless WebP": Hostile(
            lambda: make.saved(Image.new("RGBA", (side, 3072)), "WEBP", lossless=True, method=0),
            None,
            (side, 3072),
        ),
        "largest progressive CMYK JPEG, lying on its side": Hostile(
            lambda: make.saved(
                Image.new("CMYK", (side, side), (9, 90, 9, 9)),
                "JPEG",
                progressive=True,
                subsampling=0,
                exif=make.orientation_exif(6),
            ),
            None,
            (side, side),
        ),
        "JPEG of 2,000 scans": Hostile(lambda: make.jpeg_of_scans(2048, 2048, 2000), "layers"),
        "largest JPEG of 90 scans": Hostile(lambda: make.jpeg_of_scans(side, side, 90), "layers"),
    }


def _bombs() -> dict[str, Hostile]:
    return {
        "iCCP bomb": Hostile(
            lambda: make.in_png(make.chunk(b"iCCP", b"x\0\0" + make.packed_zeros(200)))
        ),
        "zTXt bombs": Hostile(
            lambda: make.in_png(*[make.chunk(b"zTXt", b"x\0\0" + make.packed_zeros(20))] * 20)
        ),
        "iTXt bomb": Hostile(
            lambda: make.in_png(make.chunk(b"iTXt", b"x\0\1\0\0\0" + make.packed_zeros(100)))
        ),
        "IDAT that goes on after the picture": Hostile(
            lambda: make.png_of(make.ihdr(64, 48), make.chunk(b"IDAT", make.packed_zeros(400)))
        ),
        "PNG of 500,000 pieces": Hostile(
            lambda: make.in_png(*[make.chunk(b"tEXt")] * 500_000), "too many pieces"
        ),
        "JPEG of 500,000 pieces": Hostile(
            lambda: make.in_jpeg(*[(0xFE, b"")] * 500_000), "too many pieces"
        ),
        "WebP of 500,000 pieces": Hostile(
            lambda: make.in_webp(b"JUNK", (b"JUNK" + bytes(4)) * 500_000, length=0),
            "too many pieces",
        ),
        "JPEG of 8 MB of filling": Hostile(
            lambda: b"\xff\xd8" + b"\xff" * (8 * make.MEGABYTE), CUT
        ),
        "8 MB of spaces": Hostile(lambda: b" " * (8 * make.MEGABYTE), NO_IMAGE),
    }


def _animations() -> dict[str, Hostile]:
    return {
        "GIF of 10,000 frames": Hostile(lambda: make.gif_of(10_000), "a GIF"),
        "APNG of 300 frames": Hostile(lambda: make.animation("PNG", 300), ANIMATED),
        "APNG that says it has 4 billion frames": Hostile(
            lambda: make.in_png(make.chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))), ANIMATED
        ),
        "APNG of 5,000 frames that says one": Hostile(make.lying_apng),
        "animated WebP of 300 frames": Hostile(lambda: make.animation("WEBP", 300), ANIMATED),
        "WebP with a hidden frame": Hostile(lambda: make.in_webp(b"ANMF", bytes(16)), ANIMATED),
        "TIFF of 200 pages": Hostile(lambda: make.animation("TIFF", 200), "a TIFF"),
        "JPEG of several pictures (MPO)": Hostile(make.two_in_one_jpeg),
    }


def _others() -> dict[str, Hostile]:
    """Whatever their names and content types say: nobody asks for those."""
    entity = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
    return {
        "SVG": Hostile(lambda: svg, "an SVG"),
        "SVG with an external entity": Hostile(lambda: entity + svg, "an SVG"),
        "web page": Hostile(lambda: b"<!DOCTYPE html><html>", "a web page"),
        "ICO": Hostile(lambda: make.saved(make.picture(), "ICO"), "an icon"),
        "BMP": Hostile(lambda: make.saved(make.picture(), "BMP"), "a BMP"),
        "PSD": Hostile(lambda: b"8BPS\0\1" + bytes(100), "a Photoshop file"),
        "PDF": Hostile(lambda: make.saved(make.picture(), "PDF"), "a PDF"),
        "HEIC": Hostile(lambda: b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC or AVIF"),
        "AVIF": Hostile(lambda: b"\0\0\0\x18ftypavif" + bytes(100), "a HEIC or AVIF"),
        "MP4": Hostile(lambda: b"\0\0\0\x18ftypisom" + bytes(100), "a video"),
        "ZIP": Hostile(lambda: make.zipped(make.SECRET), "an archive"),
        "PostScript": Hostile(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", NO_IMAGE),
        "JPEG 2000": Hostile(lambda: make.saved(make.picture(), "JPEG2000"), NO_IMAGE),
        "zero bytes": Hostile(lambda: b"", "empty"),
        "a million zeros": Hostile(lambda: bytes(make.MEGABYTE), NO_IMAGE),
        "only a PNG's first eight bytes": Hostile(lambda: make.PNG, CUT),
        "only a JPEG's first three bytes": Hostile(lambda: b"\xff\xd8\xff", CUT),
        "only a WebP's first twelve bytes": Hostile(lambda: b"RIFF\4\0\0\0WEBP", DAMAGED),
    }


def _polyglots() -> dict[str, Hostile]:
    html = make.SECRET
    return {
        "PNG and ZIP": Hostile(lambda: make.in_png() + make.zipped(html)),
        "PNG with a text of HTML": Hostile(lambda: make.in_png(make.chunk(b"tEXt", b"x\0" + html))),
        "PNG with an unknown piece": Hostile(lambda: make.in_png(make.chunk(b"prVt", html))),
        "JPEG and HTML": Hostile(lambda: make.in_jpeg((0xFE, html)) + html),
        "JPEG and Java archive (GIFAR)": Hostile(lambda: make.in_jpeg() + make.zipped(html)),
        "GIF and Java archive (GIFAR)": Hostile(
            lambda: make.gif_of(1) + make.zipped(html), "a GIF"
        ),
        "WebP with an unknown piece": Hostile(lambda: make.in_webp(b"EVIL", html)),
        "WebP and ZIP": Hostile(lambda: make.in_webp(b"XMP ", html) + make.zipped(html)),
        "PDF behind a PNG's first byte": Hostile(lambda: b"\x89" + b"%PDF-1.7" + html, "a PDF"),
    }


def _ruins() -> dict[str, Hostile]:
    found = {}
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = make.saved(make.noise(64, 48, "RGB"), kind)
        for percent in (1, 10, 50, 90, 99):
            part = whole[: len(whole) * percent // 100]
            found[f"{kind} cut off at {percent} %"] = Hostile(lambda part=part: part, CUT)
    return found | {
        "PNG with a wrong checksum in its header": Hostile(lambda: make.bad_crc(b"IHDR"), DAMAGED),
        "PNG with a wrong checksum in its colours": Hostile(lambda: make.bad_crc(b"PLTE"), DAMAGED),
        "PNG with a wrong checksum in its pixels": Hostile(lambda: make.bad_crc(b"IDAT"), DAMAGED),
        "PNG with half its rows": Hostile(
            lambda: make.png_of(make.ihdr(64, 48), make.chunk(b"IDAT", zlib.compress(bytes(4000)))),
            UNSOUND,
        ),
        "PNG without pixels": Hostile(lambda: make.png_of(make.ihdr(64, 48)), UNSOUND),
        "PNG without a header": Hostile(lambda: make.png_of(make.chunk(b"IDAT")), "no size"),
        "PNG with two headers": Hostile(lambda: make.in_png(make.ihdr(20_000, 20_000)), UNSOUND),
        "PNG with a header of one byte": Hostile(
            lambda: make.png_of(make.chunk(b"IHDR", b"x")), "no size"
        ),
        "PNG of a depth that there is not": Hostile(
            lambda: make.png_of(make.ihdr(8, 8, 7, 5), make.chunk(b"IDAT", b"x")), UNSOUND
        ),
        "PNG with a piece of 2 GB": Hostile(
            lambda: make.PNG + struct.pack(">I4s", 2**31 - 1, b"IDAT") + bytes(100), CUT
        ),
        "JPEG of 255 colours": Hostile(lambda: make.jpeg_claiming(64, 48, 255), "255 colour"),
        "JPEG of 2 colours": Hostile(lambda: make.jpeg_claiming(64, 48, 2), "2 colour"),
        "JPEG of no colours": Hostile(lambda: make.jpeg_claiming(64, 48, 0), "0 colour"),
        "JPEG of two sizes": Hostile(make.pixels_twice, "its size twice"),
        "JPEG without a frame": Hostile(
            lambda: b"\xff\xd8\xff\xda\0\2" + bytes(50) + b"\xff\xd9", "no size"
        ),
        "JPEG without height": Hostile(lambda: make.jpeg_claiming(64, 0), "no size"),
        "JPEG with a piece of no length": Hostile(lambda: b"\xff\xd8\xff\xe0\0\0" + bytes(50), CUT),
        "WebP with a false canvas": Hostile(make.webp_with_a_false_canvas),
        "WebP with a piece that is too long": Hostile(
            lambda: make.in_webp(b"JUNK", b"x", length=2**32 - 1), CUT
        ),
        "WebP of broken pixels": Hostile(lambda: make.webp_claiming(64, 48), UNSOUND),
        "WebP without pixels": Hostile(
            lambda: b"RIFF" + struct.pack("<I", 12) + b"WEBPJUNK" + bytes(4), DAMAGED
        ),
    }


def _metadata() -> dict[str, Hostile]:
    gps, loop = make.orientation_exif(6), (0x8769, 4, 1, 8)
    exifs = {
        "on its side, with a place": (gps, (48, 64)),
        "whose directory points at itself": (make.exif(loop), (64, 48)),
        "that points outside itself": (make.exif((0x010E, 2, 2**31, 2**31)), (64, 48)),
        "with an orientation of 99": (make.exif((0x0112, 3, 1, 99)), (64, 48)),
        "with an orientation that is a text": (make.exif((0x0112, 2, 9, 6)), (64, 48)),
        "with an orientation in Motorola order": (
            make.exif((0x0112, 3, 1, 6 << 16), order=">"),
            (48, 64),
        ),
        "of 60,000 bytes": (make.exif(rest=make.SECRET * 1800), (64, 48)),
        "that is cut off": (make.exif((0x0112, 3, 1, 6))[:20], (64, 48)),
        "of nonsense": (b"Exif\0\0nonsense", (64, 48)),
    }
    found = {}
    for name, (block, size) in exifs.items():
        found[f"JPEG with EXIF {name}"] = Hostile(
            lambda block=block: make.in_jpeg((0xE1, block)), None, size
        )
        found[f"PNG with EXIF {name}"] = Hostile(
            lambda block=block: make.in_png(make.chunk(b"eXIf", block[6:])), None, size
        )
        found[f"WebP with EXIF {name}"] = Hostile(
            lambda block=block: make.in_webp(b"EXIF", block), None, size
        )
    profile = b"ICC_PROFILE\0\1\1" + make.SECRET * 1800
    return found | {
        "JPEG with 200 EXIF blocks": Hostile(
            lambda: make.in_jpeg(*[(0xE1, make.exif(rest=bytes(60_000)))] * 200)
        ),
        "JPEG with a broken profile": Hostile(lambda: make.in_jpeg((0xE2, profile[:40]))),
        "JPEG with a profile of 15 MB": Hostile(lambda: make.in_jpeg(*[(0xE2, profile)] * 255)),
        "JPEG with a broken list of pictures": Hostile(
            lambda: make.in_jpeg((0xE2, b"MPF\0II*\0\xff\xff\xff\xff"))
        ),
        "PNG with a broken profile": Hostile(
            lambda: make.in_png(make.chunk(b"iCCP", b"x\0\0nonsense"))
        ),
        "WebP with a broken profile": Hostile(lambda: make.in_webp(b"ICCP", make.SECRET)),
    }


LARGE = _too_large() | _largest() | _bombs()
CORPUS = LARGE | _animations() | _others() | _polyglots() | _ruins() | _metadata()
