"""The template contract: a hash that tells which templates may be compared.

Only what changes the numbers goes in: model bytes, crops, preprocessing, detector and mesh.
Titles, licences, download homes and calibration do not: a reworded manifest must not cost
anybody their enrolment.
"""

from __future__ import annotations

import hashlib
import json

from menshen.faces.models.manifest import PackManifest

PIPELINE = 1
"""Raised by hand whenever decoding, detection, alignment or fusion change what a template is."""


def contract(manifest: PackManifest) -> str:
    """Return the pack's contract: 64 lower-case hexadecimal digits (SHA-256)."""
    used = {r.model for r in manifest.recognisers}
    models = [
        [m.id, m.role, m.format, [s.sha256 for s in m.sources]]
        for m in manifest.models
        if m.id in used or m.role in ("detector", "mesh")
    ]
    recognisers = [r.model_dump(mode="json", exclude={"bfloat16"}) for r in manifest.recognisers]
    canonical = json.dumps(
        {"pipeline": PIPELINE, "models": models, "recognisers": recognisers},
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
