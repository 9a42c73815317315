"""The rules of the world's clocks (tzdata): which version is in use, and taking up a newer one."""

from __future__ import annotations

import sys
import zoneinfo
from pathlib import Path

import structlog
import tzdata
from icalendar.timezone import tzp

log = structlog.get_logger()

_ROOMS = ("mentoring.", "service.", "integrations.")


def rules_version() -> str:
    """The IANA version of the rules that `zoneinfo` reads: "2026b".

    The system's files come first, as they do in `zoneinfo`; tzdata.zi names its version in its
    first line.
    """
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="ascii") as file:
                return file.readline().removeprefix("# version").strip()
        except OSError:
            continue
    return str(tzdata.IANA_VERSION)


def take_up_rules(before: str) -> str:
    """The version in use now; where it is not the one before, nothing of the old rules is kept.

    A process keeps what it has read of a zone, and the rules keep what followed from it.
    """
    now = rules_version()
    if now == before:
        return now
    zoneinfo.ZoneInfo.clear_cache()
    tzp.use_default()  # icalendar keeps every zone it ever met
    for name, module in list(sys.modules.items()):
        if name.startswith(_ROOMS):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
    log.info("clock_rules_taken_up", before=before, now=now)
    return now
