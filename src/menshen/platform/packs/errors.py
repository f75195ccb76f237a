"""What can go wrong with packs, apart from damaged files (ModelFileError)."""

from __future__ import annotations

from menshen.errors import MenshenError


class PackUnknownError(MenshenError):
    """No manifest has this name."""

    code = "pack-unknown"
    advice = "See the names with `menshen models list`."


class PackMissingError(MenshenError):
    """The pack, or a part of it, is not on this machine."""

    code = "pack-not-installed"
    advice = "Fetch it: `menshen models fetch`."


class PackUnfitError(MenshenError):
    """The pack cannot do what it was chosen for."""

    code = "pack-unfit"
    advice = "Choose one that recognises: `menshen models list` shows its assurance level."


class PackFetchError(MenshenError):
    """An artifact could not be fetched; what was fetched so far is kept."""

    code = "pack-fetch-failed"
    advice = (
        "Check the network and the client's configuration and run the command again; or copy "
        "the files from elsewhere and run `menshen models add DIR`."
    )


class ClientMissingError(PackFetchError):
    """The package client that would fetch an artifact is not on this machine."""

    code = "pack-client-missing"
    advice = (
        "Install the client, or fetch the pack `basic`, or copy the files from elsewhere and "
        "run `menshen models add DIR`."
    )


class PackStorageError(MenshenError):
    """The packs folder cannot be written, or the disk is full."""

    code = "pack-storage"
    advice = "Free some space, or choose another folder with MENSHEN_PACKS_DIR."


class PackStoreBusyError(MenshenError):
    """Another process has been changing the packs folder for too long."""

    code = "pack-store-busy"
    advice = "Wait for the other `menshen models` command to finish, or end it."
