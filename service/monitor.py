"""The dead man's switch: an outside monitor hears of each pass that went well."""

from __future__ import annotations

from pathlib import Path

import structlog

from integrations.ping import ping
from integrations.ports import Access, ProviderError
from mentoring.roster import Settings

log = structlog.get_logger()


def tell_monitor(settings: Settings, directory: Path) -> None:
    """Request the monitor's address, where one is set; that it fails stops nothing else."""
    setting = settings.monitor.get("ping", "")
    if not setting:
        return
    try:
        ping(setting, monitor_access(settings, directory))
    except ProviderError as error:
        log.warning("monitor_not_told", reason=error.message, mend=error.mend)


def monitor_access(settings: Settings, directory: Path) -> Access:
    ca = settings.tls.get("ca")
    return Access(directory, ca=directory / ca if ca else None)
