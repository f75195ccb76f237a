"""What OpenAPI says about the operations: words, bodies, examples, and every problem."""

from __future__ import annotations

from typing import Any

from menshen.platform.problem_docs import ALWAYS, GUARDED, Responses, problem_responses

SECURITY: list[dict[str, list[str]]] = [{"apiKey": []}, {"page": []}]
BODY_PROBLEMS = (
    "request-invalid",
    "request-too-large",
    "request-too-slow",
    "media-type-unsupported",
    "overloaded",
    "work-too-slow",
    "not-ready",
    "model-file-invalid",
)
PICTURE_PROBLEMS = (
    "picture-empty",
    "picture-too-many-bytes",
    "picture-format-unsupported",
    "picture-truncated",
    "picture-dimensions",
    "picture-animated",
    "picture-cmyk",
    "picture-sixteen-bit",
)
FACE_PROBLEMS = (
    "face-not-found",
    "face-not-single",
    "face-too-small",
    "face-not-upright",
    "face-turned-away",
)

_TIP = {"en": "Turn to the light.", "zh": "请面向光源。"}
_FACE = {
    "box": {"x": 201.5, "y": 132.0, "width": 236.2, "height": 236.2},
    "score": 0.9871,
    "pose": {"yaw": 3.1, "pitch": -2.4, "roll": 0.6},
    "outlines": {"lips": [[288.1, 322.0], [300.4, 331.7], [318.9, 336.2], [351.0, 321.5]]},
    "quality": {
        "overall": 74,
        "usable": True,
        "components": [
            {
                "name": "illumination-uniformity",
                "label": {"en": "Evenness of light", "zh": "光照均匀"},
                "value": 58,
                "measure": 0.58,
                "unit": "ratio",
                "clause": "ISO/IEC 29794-5:2025, component name as in OFIQ (0x43)",
                "critical": False,
                "tip": _TIP,
            }
        ],
    },
}
_PICTURE = {"width": 640, "height": 480, "format": "jpeg"}
_CONTRACT = "0b6a6c3d" * 8
_EXAMPLES: dict[str, Any] = {
    "compare": {
        "outcome": "accept",
        "reasons": [
            {
                "code": "match",
                "text": {
                    "en": "The two faces match: at most 1 in 41,000 pairs of strangers would "
                    "look this alike.",
                    "zh": "两张人脸匹配：不同的人如此相像的概率不超过 2.4e-05。",
                },
            }
        ],
        "numbers": {
            "similarity": 0.9412,
            "threshold": 0.9021,
            "fmr_bound": 2.4e-05,
            "fmr_policy": 0.001,
            "fnmr": 0.0093,
            "quality_a": 74,
            "quality_b": 81,
            "normalised": 0.7134,
            "threshold_normalised": 0.5518,
        },
        "would_change": [],
        "policy": {
            "fmr": 0.001,
            "review_fmr": 0.01,
            "least_quality": 10,
            "version": "compare-1",
        },
        "a": {"picture": _PICTURE, "face": _FACE},
        "b": {"picture": _PICTURE, "face": _FACE},
        "pack": "standard",
        "contract": _CONTRACT,
        "assurance": "counter",
        "calibration": "Pictures of 2,890 people, all pairs",
    },
    "inspect": {
        "picture": _PICTURE,
        "faces": [_FACE],
        "pack": "standard",
        "contract": _CONTRACT,
    },
    "models": {
        "pack": "standard",
        "title": {"en": "Two recognisers fused", "zh": "两个识别模型融合"},
        "contract": _CONTRACT,
        "assurance": "counter",
        "calibration": {
            "title": "Pictures of 2,890 people, all pairs",
            "population": "press photographs of public figures",
            "measured": "2026-11",
            "caveat": {
                "en": "Calibrate with your own people.",
                "zh": "请用本场所已登记的人员校准。",
            },
        },
        "models": [
            {
                "id": "dlib-resnet",
                "role": "recogniser",
                "title": "dlib face ResNet v1, 150 px, 128 features",
                "licence": "CC0-1.0 (public domain)",
                "training_data": "about 3 million pictures of 7,485 people",
                "paper": "King 2017; He et al. 2016, arXiv:1512.03385",
            }
        ],
    },
}


def _answer(name: str) -> Responses:
    example = {"application/json": {"example": _EXAMPLES[name]}}
    return {200: {"description": "The answer.", "content": example}}


def _body(files: dict[str, str], texts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    parts = {name: binary | {"description": words} for name, words in files.items()}
    encoding = {name: {"contentType": "image/jpeg, image/png, image/webp"} for name in files}
    schema = {
        "type": "object",
        "properties": parts | texts,
        "required": sorted(files),
        "additionalProperties": False,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}},
        },
        "security": SECURITY,
    }


COMPARE: dict[str, Any] = {
    "operation_id": "compare",
    "summary": "Are the people in two pictures the same?",
    "description": "Each picture must show exactly one face. Nothing is kept. Needs the scope "
    "`compare`. The bound is set by `fmr` or `level`, not both; by default a counter's, or the "
    "pack's own level where that is lower.",
    "openapi_extra": _body(
        {"a": "One picture.", "b": "The other picture."},
        {
            "fmr": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 0.1,
                "examples": [0.001],
                "description": "False-match rate: the share of strangers who may pass.",
            },
            "level": {
                "type": "string",
                "enum": ["convenience", "counter", "remote", "sign-in"],
                "description": "The bound by its assurance level: 1e-2, 1e-3, 1e-4, 1e-5.",
            },
        },
    ),
    "responses": _answer("compare")
    | problem_responses(
        *GUARDED,
        *BODY_PROBLEMS,
        *PICTURE_PROBLEMS,
        *FACE_PROBLEMS,
        "calibration-unsupported",
        *ALWAYS,
    ),
}
INSPECT: dict[str, Any] = {
    "operation_id": "inspect",
    "summary": "Which faces are in a picture, and how good are they?",
    "description": "All faces, largest first, none included. Nothing is kept. Needs the scope "
    "`inspect`.",
    "openapi_extra": _body({"picture": "The picture."}, {}),
    "responses": _answer("inspect")
    | problem_responses(*GUARDED, *BODY_PROBLEMS, *PICTURE_PROBLEMS, *ALWAYS),
}
MODELS: dict[str, Any] = {
    "operation_id": "models",
    "summary": "Which models decide, under which licences, and how far may they be trusted?",
    "description": "Needs the scope `models`.",
    "openapi_extra": {"security": SECURITY},
    "responses": _answer("models") | problem_responses(*GUARDED, "not-ready", *ALWAYS),
}
