"""Opening a verifier from what is installed: settings, pack, calibration."""

from __future__ import annotations

from pathlib import Path

from menshen.errors import CalibrationError
from menshen.faces.calibration import LEVELS
from menshen.faces.models.pack import Pack
from menshen.faces.site_calibration import SiteCalibration
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings
from menshen.verification.compare import Verifier
from menshen.verification.records import Policy

USUAL_FMR = 1e-3
REVIEW_FMR = 1e-2


def open_pack(name: str | None = None, *, settings: Settings | None = None) -> Pack:
    """Open the named pack, or the one settled on; raises MenshenError when it is not there."""
    settings = settings or Settings()
    return PackStore(settings.packs_dir).load(name or settings.pack)


def open_verifier(pack: str | None = None, *, settings: Settings | None = None) -> Verifier:
    """Open a pack with its calibration and the site's, if any; raises MenshenError."""
    settings = settings or Settings()
    loaded = open_pack(pack, settings=settings)
    site = site_calibration(settings.data_dir, contract=loaded.contract)
    return Verifier.of(loaded, threads=settings.workers, site=site)


def site_file(data_dir: Path, *, contract: str) -> Path:
    """Return where the site's calibration for this contract is kept."""
    return data_dir / "site-calibration" / f"{contract[:16]}.json"


def site_calibration(data_dir: Path, *, contract: str) -> SiteCalibration | None:
    """Read the site's calibration; None where none was made.

    Raises CalibrationError when the file is damaged: falling back to the published table would
    quietly change who is let in.
    """
    try:
        text = site_file(data_dir, contract=contract).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError("the site calibration cannot be read") from error
    return SiteCalibration.from_json(text)


def default_policy(verifier: Verifier, *, fmr: float | None = None) -> Policy:
    """Return the policy for a wanted rate; without one, 1e-3 or what the pack supports."""
    supported = LEVELS.get(verifier.engine.manifest.assurance, USUAL_FMR)
    rate = max(USUAL_FMR, supported) if fmr is None else fmr
    return Policy(fmr=rate, review_fmr=max(rate, REVIEW_FMR))
