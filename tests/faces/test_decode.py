from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from menshen.errors import (
    AnimatedPictureError,
    CmykPictureError,
    DeepPictureError,
    EmptyPictureError,
    PictureDimensionsError,
    PictureError,
    PictureFormatError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from menshen.faces.decode import Limits, decode
from menshen.faces.records import Pixels

CORPUS = Path(__file__).parents[1] / "corpus" / "pictures"


def gradient(width: int, height: int) -> Pixels:
    """A picture whose every corner differs, so that a wrong turn shows."""
    x = np.linspace(0, 255, width)[None, :, None]
    y = np.linspace(0, 255, height)[:, None, None]
    return np.concatenate([x + 0 * y, y + 0 * x, 255 - (x + y) / 2], 2).astype(np.uint8)


def encoded(pixels: Pixels, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = encoded(gradient(200, 120), quality=95)
PNG = encoded(gradient(200, 120), "PNG")
WEBP = encoded(gradient(200, 120), "WEBP", lossless=True)


@pytest.mark.parametrize(("data", "kind"), [(JPEG, "jpeg"), (PNG, "png"), (WEBP, "webp")])
def test_reads_the_three_formats(data: bytes, kind: str) -> None:
    picture = decode(data)
    assert picture.format == kind
    assert picture.full_size == (200, 120)
    assert picture.reduction == 1
    assert picture.compressed_bytes == len(data)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert np.abs(picture.pixels.astype(int) - gradient(200, 120)).max() <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_turns_upright_as_the_reference_does(orientation: int, kind: str) -> None:
    image = Image.fromarray(gradient(160, 96))
    exif = image.getexif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    picture = decode(buffer.getvalue())
    expected = np.asarray(ImageOps.exif_transpose(Image.open(buffer)).convert("RGB"))
    assert picture.pixels.shape == expected.shape
    assert picture.full_size == expected.shape[1::-1]
    assert np.abs(picture.pixels.astype(int) - expected).mean() < 3


def test_nonsense_orientation_is_ignored() -> None:
    image = Image.fromarray(gradient(100, 80))
    exif = image.getexif()
    exif[0x0112] = 77
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    assert decode(buffer.getvalue()).pixels.shape == (80, 100, 3)


@pytest.mark.parametrize(
    ("size", "reduction"), [((950, 700), 1), ((1900, 900), 1), ((1920, 1080), 2), ((8000, 200), 8)]
)
def test_large_jpegs_are_decoded_at_a_fraction(size: tuple[int, int], reduction: int) -> None:
    picture = decode(encoded(gradient(*size)))
    assert picture.full_size == size
    assert picture.reduction == pytest.approx(reduction, rel=0.01)
    assert decode(encoded(gradient(*size)), reduce=False).pixels.shape[1::-1] == size


def test_reduced_decoding_shows_the_same_picture() -> None:
    data = encoded(gradient(2000, 1200), quality=95)
    small, large = decode(data), decode(data, reduce=False)
    halved = large.pixels.reshape(600, 2, 1000, 2, 3).mean((1, 3))
    assert np.abs(small.pixels - halved).mean() < 2


def test_reduced_decoding_of_a_turned_photo_keeps_its_full_size_upright() -> None:
    image = Image.fromarray(gradient(2000, 1000))
    exif = image.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    picture = decode(buffer.getvalue())
    assert picture.full_size == (1000, 2000)
    assert picture.pixels.shape == (1000, 500, 3)
    assert picture.reduction == 2


def test_grey_is_kept_in_mind_and_given_three_channels() -> None:
    for kind in ("JPEG", "PNG"):
        picture = decode(encoded(gradient(100, 100)[..., 0], kind))
        assert picture.colour == "grey"
        assert picture.pixels.shape == (100, 100, 3)
        assert np.array_equal(picture.pixels[..., 0], picture.pixels[..., 2])


def test_transparency_lies_on_white() -> None:
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[:40] = (200, 30, 30, 255)
    picture = decode(encoded(pixels, "PNG"))
    assert tuple(picture.pixels[10, 10]) == (200, 30, 30)
    assert tuple(picture.pixels[70, 10]) == (255, 255, 255)


def test_a_phones_multi_picture_file_is_its_first_picture() -> None:
    buffer = io.BytesIO()
    extra = Image.fromarray(255 - gradient(120, 90))
    Image.fromarray(gradient(120, 90)).save(buffer, "MPO", save_all=True, append_images=[extra])
    picture = decode(buffer.getvalue())
    assert picture.format == "jpeg"
    assert np.abs(picture.pixels.astype(int) - gradient(120, 90)).mean() < 4


def test_stray_bytes_between_segments_are_forgiven() -> None:
    at = JPEG.index(b"\xff\xdb")
    assert decode(JPEG[:at] + b"\x00\x00\x00" + JPEG[at:]).pixels.shape == (120, 200, 3)


def animated(kind: str) -> bytes:
    frames = [Image.fromarray(gradient(100, 100)), Image.fromarray(255 - gradient(100, 100))]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


def png_header_only(width: int, height: int, depth: int = 8) -> bytes:
    """A PNG that promises pixels it does not hold: the bomb before it goes off."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    """20,000 x 20,000 pixels in a few kilobytes, and truly all there."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


BAD: list[tuple[str, Callable[[], bytes], type[PictureError], str]] = [
    ("empty", lambda: b"", EmptyPictureError, "picture-empty"),
    ("truncated jpeg", lambda: JPEG[: len(JPEG) // 2], PictureTruncatedError, "picture-truncated"),
    ("truncated png", lambda: PNG[: len(PNG) // 2], PictureTruncatedError, "picture-truncated"),
    ("truncated webp", lambda: WEBP[: len(WEBP) // 2], PictureTruncatedError, "picture-truncated"),
    ("jpeg header", lambda: JPEG[:20], PictureTruncatedError, "picture-truncated"),
    (
        "gif",
        lambda: encoded(gradient(99, 99), "GIF"),
        PictureFormatError,
        "picture-format-unsupported",
    ),
    (
        "bmp",
        lambda: encoded(gradient(99, 99), "BMP"),
        PictureFormatError,
        "picture-format-unsupported",
    ),
    (
        "tiff",
        lambda: encoded(gradient(99, 99), "TIFF"),
        PictureFormatError,
        "picture-format-unsupported",
    ),
    (
        "svg",
        lambda: b"<svg xmlns='x'><image/></svg>",
        PictureFormatError,
        "picture-format-unsupported",
    ),
    (
        "html",
        lambda: b"<!doctype html><img src=x>",
        PictureFormatError,
        "picture-format-unsupported",
    ),
    ("pdf", lambda: b"%PDF-1.7\n" + bytes(200), PictureFormatError, "picture-format-unsupported"),
    ("zip", lambda: b"PK\x03\x04" + bytes(200), PictureFormatError, "picture-format-unsupported"),
    ("bomb", bomb, PictureDimensionsError, "picture-dimensions"),
    (
        "claimed bomb",
        lambda: png_header_only(60_000, 60_000),
        PictureDimensionsError,
        "picture-dimensions",
    ),
    ("sliver", lambda: encoded(gradient(900, 40)), PictureDimensionsError, "picture-dimensions"),
    ("16 bits rgb", lambda: png_header_only(100, 100, 16), DeepPictureError, "picture-sixteen-bit"),
    (
        "16 bits grey",
        lambda: encoded(np.zeros((99, 99), np.uint16), "PNG"),
        DeepPictureError,
        "picture-sixteen-bit",
    ),
    (
        "cmyk",
        lambda: cmyk(),  # noqa: PLW0108 - defined below
        CmykPictureError,
        "picture-cmyk",
    ),
    ("animated png", lambda: animated("PNG"), AnimatedPictureError, "picture-animated"),
    ("animated webp", lambda: animated("WEBP"), AnimatedPictureError, "picture-animated"),
]


def cmyk() -> bytes:
    buffer = io.BytesIO()
    Image.new("CMYK", (99, 99), (10, 20, 30, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(("make", "kind", "code"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_pictures_have_their_own_code(
    make: Callable[[], bytes], kind: type[PictureError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        decode(make())
    assert caught.value.code == code
    assert caught.value.advice


def test_the_length_limit_counts_bytes() -> None:
    with pytest.raises(PictureTooLargeError):
        decode(JPEG, limits=Limits(file_bytes=len(JPEG) - 1))
    assert decode(JPEG, limits=Limits(file_bytes=len(JPEG))).pixels.size


def test_the_pixel_limit_is_the_callers() -> None:
    with pytest.raises(PictureDimensionsError):
        decode(PNG, limits=Limits(pixels=200 * 120 - 1))


def survives(data: bytes) -> None:
    """Whatever the bytes: a picture within limits, or one of our own errors."""
    try:
        picture = decode(data, limits=Limits(pixels=4_000_000))
    except PictureError:
        return
    height, width = picture.pixels.shape[:2]
    assert picture.pixels.ndim == 3
    assert height * width <= 4_000_000


@given(st.sampled_from([JPEG, PNG, WEBP]), st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_files_never_escape_our_errors(original: bytes, data: st.DataObject) -> None:
    damaged = bytearray(original)
    places = st.integers(0, len(original) - 1)
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        damaged[at] = value
    survives(bytes(damaged[: data.draw(st.integers(0, len(original)))]))


@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF"]),
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_never_escape_our_errors(tail: bytes, head: bytes) -> None:
    survives(head + tail)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*")), ids=lambda p: p.name)
def test_the_kept_corpus_never_escapes_our_errors(path: Path) -> None:
    survives(path.read_bytes())
