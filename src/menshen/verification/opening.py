"""Opening a verifier from what is installed: settings, pack, calibration."""

from __future__ import annotations

from menshen.faces.calibration import LEVELS
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings
from menshen.verification.compare import Verifier
from menshen.verification.records import Policy

USUAL_FMR = 1e-3
REVIEW_FMR = 1e-2


def open_verifier(pack: str | None = None, *, settings: Settings | None = None) -> Verifier:
    """Open the named pack, or the one settled on; raises MenshenError when it is not there."""
    settings = settings or Settings()
    loaded = PackStore(settings.packs_dir).load(pack or settings.pack)
    return Verifier.of(loaded, threads=settings.workers)


def default_policy(verifier: Verifier, *, fmr: float | None = None) -> Policy:
    """Return the policy for a wanted rate; without one, 1e-3 or what the pack supports."""
    supported = LEVELS.get(verifier.engine.manifest.assurance, USUAL_FMR)
    rate = max(USUAL_FMR, supported) if fmr is None else fmr
    return Policy(fmr=rate, review_fmr=max(rate, REVIEW_FMR))
