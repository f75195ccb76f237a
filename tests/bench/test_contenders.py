from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest
from bench.contenders import make, multipart


def test_the_form_holds_both_pictures_byte_for_byte() -> None:
    files = {"a": b"\xff\xd8\xff\r\n\x00", "b": b"second"}
    body, kind = multipart(files)
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    names = [
        part.get_param("name", header="content-disposition")
        for part in parts
        if isinstance(part, Message)
    ]
    assert names == ["a", "b"]
    for data in files.values():
        assert b"\r\n\r\n" + data + b"\r\n--" in body


def test_an_unknown_contender_is_an_error() -> None:
    with pytest.raises(KeyError):
        make("nobody:1")


def test_versions_are_those_installed() -> None:
    import numpy as np

    assert make("versions")({"packages": ["numpy"]}) == {"numpy": np.__version__}
