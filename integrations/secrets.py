"""Secrets by reference: `env:NAME`, `file:PATH`, `credential:NAME` (systemd.exec(5))."""

from __future__ import annotations

import os
from pathlib import Path

from integrations.ports import ProviderError

KINDS = ("env:", "file:", "credential:")


def resolve(reference: str, directory: Path) -> str:
    """The secret that `reference` names; a relative PATH starts at `directory`.

    Raises ProviderError, which repeats the reference and never a secret.
    """
    kind, _, name = reference.partition(":")
    match kind:
        case "env":
            return _from_environment(name)
        case "file":
            return _from_file(directory / name, reference)
        case "credential":
            return _from_file(_credentials_directory() / name, reference)
    raise ProviderError(
        "a secret is written out where a reference belongs",
        mend="put it elsewhere and write env:NAME, file:PATH or credential:NAME",
        permanent=True,
    )


def _from_environment(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise ProviderError(
        f"the environment variable {name} is not set",
        mend=f"set {name}, or name another place for the secret",
        permanent=True,
    )


def _credentials_directory() -> Path:
    if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
        return Path(directory)
    raise ProviderError(
        "no systemd credentials are here",
        mend="start by the unit with LoadCredential=, or use env: or file:",
        permanent=True,
    )


def _from_file(path: Path, reference: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ProviderError(
            f"the secret {reference} can't be read ({error.strerror})",
            mend=f"create {path}, readable by the service alone",
            permanent=True,
        ) from error
