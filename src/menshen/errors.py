"""The one exception root, and the errors that several folders share.

Every error a caller may see has a stable ``code``: scripts, the HTTP problem type and
the translations key on it, never on the words.
"""

from __future__ import annotations

from typing import ClassVar


class MenshenError(Exception):
    """Root of all errors Menshen raises on purpose.

    ``code`` is stable and lower-kebab-case; ``advice`` says in one sentence what the reader
    can do about it. ``str(error)`` says what happened, without personal data.
    """

    code: ClassVar[str] = "error"
    advice: ClassVar[str] = ""
    index: int | None = None
    """Which of several pictures is meant, counted from 0; None when there is only one."""


class PictureError(MenshenError):
    """A picture cannot be used; subclasses say why."""

    code = "picture-unusable"
    advice = "Send another picture."


class EmptyPictureError(PictureError):
    """No bytes at all."""

    code = "picture-empty"
    advice = "Send the picture's bytes: the file or form field was empty."


class PictureTooLargeError(PictureError):
    """More bytes than the limit allows."""

    code = "picture-too-many-bytes"
    advice = "Send a smaller file; a 2-megapixel JPEG is plenty."


class PictureFormatError(PictureError):
    """The bytes are not a JPEG, PNG or WebP picture, whatever the name says."""

    code = "picture-format-unsupported"
    advice = "Send a JPEG, PNG or WebP picture."


class PictureTruncatedError(PictureError):
    """The file starts as a picture and then ends or breaks."""

    code = "picture-truncated"
    advice = "The file is damaged or incomplete: send it again."


class PictureDimensionsError(PictureError):
    """More pixels than the limit allows (a decompression bomb, or a scan), or a sliver."""

    code = "picture-dimensions"
    advice = "Send a picture between 64 pixels and 50 megapixels."


class AnimatedPictureError(PictureError):
    """An animated PNG or WebP: which frame would be meant is anyone's guess."""

    code = "picture-animated"
    advice = "Send a single still picture."


class CmykPictureError(PictureError):
    """A CMYK JPEG: made for a press, its colours need a profile we do not guess."""

    code = "picture-cmyk"
    advice = "Save the picture as RGB (sRGB) and send it again."


class DeepPictureError(PictureError):
    """16 bits a channel: a scan or an instrument's file, no camera picture."""

    code = "picture-sixteen-bit"
    advice = "Save the picture with 8 bits a channel and send it again."


class FaceError(MenshenError):
    """The picture is readable, but not usable as a face sample."""

    code = "face-unusable"
    advice = "Take the picture again, facing the camera."


class NoFaceError(FaceError):
    """No human face was found (failure to acquire, ISO/IEC 2382-37)."""

    code = "face-not-found"
    advice = "Show one whole face, upright, in good light."


class SeveralFacesError(FaceError):
    """More than one face where one is asked for."""

    code = "face-not-single"
    advice = "Only one person may be in the picture."


class FaceTooSmallError(FaceError):
    """The face has too few pixels to be compared."""

    code = "face-too-small"
    advice = "Come closer to the camera, or send a larger picture."


class FaceNotUprightError(FaceError):
    """The head lies on its side, or the picture does."""

    code = "face-not-upright"
    advice = "Turn the picture upright, or hold your head straight."


class FaceTurnedAwayError(FaceError):
    """The face looks too far to the side, up or down to be compared."""

    code = "face-turned-away"
    advice = "Look straight at the camera."


class ContractMismatchError(MenshenError):
    """Templates of different model contracts are never compared."""

    code = "template-contract-mismatch"
    advice = "Make both templates with the same model pack."


class ModelFileError(MenshenError):
    """A model file or manifest is damaged, hostile or not what it should be."""

    code = "model-file-invalid"
    advice = "Fetch the pack again: `menshen models fetch`."


class CalibrationError(MenshenError):
    """A calibration table is malformed, or cannot support what is asked of it."""

    code = "calibration-unsupported"
    advice = "Ask for a weaker bound, or use a stronger pack or a site calibration."
