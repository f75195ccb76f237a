"""Bytes to pixels: JPEG, PNG and WebP, upright, within limits, no finer than needed.

Nothing in the name or the declared type is believed: the bytes say what they are. Limits on
pixels are checked on the header, before anything is decompressed.
"""

from __future__ import annotations

import dataclasses
import io
import warnings
from typing import Any

import numpy as np
import simplejpeg
from PIL import ExifTags, Image, UnidentifiedImageError

from menshen.errors import (
    AnimatedPictureError,
    CmykPictureError,
    DeepPictureError,
    EmptyPictureError,
    PictureDimensionsError,
    PictureFormatError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from menshen.faces.records import Picture, Pixels

FORMATS = ("JPEG", "PNG", "WEBP")
Image.init()  # registers the readers once, before threads arrive
WORKING_SIDE = 960
"""A JPEG is decoded at 1/2, 1/4 or 1/8 as long as its longer side keeps this many pixels."""

# What undoes each EXIF orientation (CIPA DC-008, tag 0x0112): (quarter turns counter-clockwise
# as numpy counts them, then mirror left to right).
_UPRIGHT = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}
_PNG_DEPTH = 24


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may be: file length in bytes, pixels in all, pixels on the shorter side."""

    file_bytes: int = 20 * 1024 * 1024
    pixels: int = 50_000_000
    shortest_side: int = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes say: size is (width, height) as stored, before turning upright."""

    format: str
    size: tuple[int, int]
    colour: str
    orientation: int


def decode(data: bytes, *, limits: Limits | None = None, reduce: bool = True) -> Picture:
    """Decode one still picture, upright.

    With ``reduce`` a large JPEG is decoded at a fraction of its size (libjpeg's scaled
    inverse DCT); ``Picture.reduction`` says how much. Raises a PictureError subclass whose
    code says what is wrong; nothing else escapes, whatever the bytes.
    """
    header, image = _open(data, limits or Limits())
    factor = _reduction(header.size) if reduce and header.format == "jpeg" else 1
    stored = _jpeg(data, image, factor) if header.format == "jpeg" else _other(image)
    pixels = _upright(stored, header.orientation)
    width, height = header.size if header.orientation < 5 else header.size[::-1]
    return Picture(
        pixels=pixels,
        full_size=(width, height),
        reduction=width / pixels.shape[1],
        format=header.format,
        colour=header.colour,
        compressed_bytes=len(data),
    )


def _open(data: bytes, limits: Limits) -> tuple[Header, Image.Image]:
    if not data:
        raise EmptyPictureError("the picture is empty")
    if len(data) > limits.file_bytes:
        raise PictureTooLargeError(f"the picture has more than {limits.file_bytes} bytes")
    image = _identify(data)
    _check_size(image.size, limits)
    kind = "jpeg" if image.format in ("JPEG", "MPO") else str(image.format).lower()
    _refuse_unusual(image, data, kind)
    colour = "grey" if image.mode in ("1", "L", "LA") else "rgb"
    return Header(kind, image.size, colour, _orientation(image)), image


def _identify(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        if data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF")):
            raise PictureTruncatedError("the picture ends within its header") from error
        raise PictureFormatError("these bytes are no JPEG, PNG or WebP picture") from error
    except Image.DecompressionBombError as error:
        raise PictureDimensionsError("the picture has far too many pixels") from error
    except Exception as error:  # any parser fault on hostile bytes
        raise PictureTruncatedError("the picture's header is damaged") from error


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.pixels:
        raise PictureDimensionsError(f"{width} x {height} is more than {limits.pixels} pixels")
    if min(width, height) < limits.shortest_side:
        raise PictureDimensionsError(f"{width} x {height}: a side is under {limits.shortest_side}")


def _refuse_unusual(image: Image.Image, data: bytes, kind: str) -> None:
    if kind != "jpeg" and getattr(image, "is_animated", False):
        raise AnimatedPictureError("the picture is animated")
    if image.mode == "CMYK":
        raise CmykPictureError("the picture is in CMYK, colours meant for a printing press")
    if image.mode.startswith(("I", "F")) or (kind == "png" and data[_PNG_DEPTH] == 16):
        raise DeepPictureError("the picture has 16 bits a channel")


def _orientation(image: Image.Image) -> int:
    try:
        value: Any = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF is no reason to refuse a sound picture
        return 1
    return value if value in _UPRIGHT else 1


def _reduction(size: tuple[int, int]) -> int:
    factor = 1
    while factor < 8 and max(size) / (factor * 2) >= WORKING_SIDE:
        factor *= 2
    return factor


def _jpeg(data: bytes, image: Image.Image, factor: int) -> Pixels:
    width, height = (-(-side // factor) for side in image.size)
    try:
        return np.asarray(
            simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height), np.uint8
        )
    except ValueError as error:
        # Cameras write stray bytes between segments; that harms no pixel, and Pillow skips them.
        if "extraneous bytes" in str(error):
            return _other(image)
        raise PictureTruncatedError(f"the JPEG data are damaged: {error}") from error


def _other(image: Image.Image) -> Pixels:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array(_flattened(image), np.uint8)
    except Exception as error:  # any decoder fault on hostile bytes
        raise PictureTruncatedError("the picture's data are damaged or incomplete") from error


def _flattened(image: Image.Image) -> Image.Image:
    """Put transparent pixels on white: what lies hidden under them is not meant to be seen."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    paper = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(paper, layered).convert("RGB")


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turns, mirror = _UPRIGHT.get(orientation, (0, False))
    turned = np.rot90(pixels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirror else turned)
