"""Validating the files and trying every connection: what `check` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from integrations import ping
from integrations.mail_dns import look_up
from integrations.ports import ProviderError
from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.roster import Roster
from mentoring.sender_domain import doubts, is_real
from mentoring.settings_file import FILE as SETTINGS
from mentoring.settings_file import line_of
from mentoring.tables import Fault, decode
from service.check_store import Store, opened
from service.engine import Job, run_all
from service.grants import StoredGrants
from service.monitor import monitor_access
from service.roster_source import RosterFaults, load
from service.template_check import template_faults
from service.trial import write_to_self
from store.database import file_of

log = structlog.get_logger()

_WINDOW = timedelta(days=7)
_MAIL, _INBOX = "mail", "inbox"


@dataclass(frozen=True)
class Connection:
    """One connection that was tried; without a fault it works; `note` says more."""

    name: str
    fault: Fault | None = None
    note: str = ""


@dataclass
class Report:
    """What is wrong with the files, and how the connections answered."""

    faults: tuple[Fault, ...] = ()
    connections: list[Connection] = field(default_factory=list)
    hold: str = ""

    @property
    def exit_status(self) -> int:
        if self.faults:
            return 2
        return 1 if any(c.fault for c in self.connections) else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.exit_status == 0,
            "hold": self.hold,
            "faults": [_fault_json(fault) for fault in self.faults],
            "connections": [
                {
                    "name": c.name,
                    "ok": c.fault is None,
                    "fault": _fault_json(c.fault) if c.fault else None,
                    **({"note": c.note} if c.note else {}),
                }
                for c in sorted(self.connections, key=lambda c: c.name)
            ],
        }


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
        "mend": fault.mend,
    }


def check(
    directory: Path,
    *,
    now: datetime,
    ports: Callable[[Roster], Ports] | None,
    grants: Callable[[Roster], StoredGrants] | None = None,
    patience: timedelta | None = None,
) -> Report:
    """Read the files; with `ports`, try each calendar, the mailer, the inbox, the organiser.

    With `patience` the programme also writes to itself, and waits so long for the letter.
    """
    try:
        roster = load(directory)
    except RosterFaults as error:
        return Report(error.faults)
    report = Report(tuple(template_faults(roster, now)), hold=roster.settings.hold)
    with opened(roster, directory, now, offline=ports is None) as store:
        if store.removal:
            report.faults = (store.removal, *report.faults)
        if store.fault or (store.asked and not file_of(store.url)):
            report.connections.append(Connection("store", store.fault))
        if ports and not report.faults:
            outside = ports(roster)
            _try_all(report, roster, directory, now, outside, grants and grants(roster), store)
            if patience is not None and not _is_cut_off(report):
                report.connections.append(_trial(roster, directory, now, outside, store, patience))
    return report


def _is_cut_off(report: Report) -> bool:
    """Whether mail can't go out or be read: then no letter need be tried."""
    return any(c.fault for c in report.connections if c.name in (_MAIL, _INBOX))


def _trial(
    roster: Roster,
    directory: Path,
    now: datetime,
    ports: Ports,
    store: Store,
    patience: timedelta,
) -> Connection:
    settings = directory / SETTINGS
    line = line_of(decode(settings.read_bytes()), ["mail", "url"])

    def write() -> str:
        inbox = roster.settings.mail.get("inbox", "")
        return write_to_self(roster, ports, store.read_up_to(inbox), now, patience)

    return _tried("letter to itself", str(settings), line, write)


def _try_all(
    report: Report,
    roster: Roster,
    directory: Path,
    now: datetime,
    ports: Ports,
    grants: StoredGrants | None,
    store: Store,
) -> None:
    window = Interval(now, now + _WINDOW)
    settings = directory / SETTINGS
    text = decode(settings.read_bytes())

    def trial(name: str, file: str, line: int, act: Callable[[], object]) -> Job:
        def run() -> None:
            report.connections.append(_tried(name, file, line, act))

        return Job(name, run)

    jobs = [
        trial(name, str(settings), line_of(text, key), act)
        for name, key, act in (
            (_MAIL, ["mail", "url"], lambda: _checked(ports.mailer())),
            (_INBOX, ["mail", "inbox"], lambda: _checked(ports.inbox())),
            ("organiser's calendar", ["calendar", "url"], lambda: _checked(ports.organiser())),
        )
    ]
    if grants and len(grants.keys) > 1:
        jobs.append(
            trial("store key", str(settings), line_of(text, ["store", "key"]), grants.older_keys)
        )
    if told := roster.settings.monitor.get("ping"):
        access = monitor_access(roster.settings, directory)  # no ping: nothing has gone well yet
        line = line_of(text, ["monitor", "ping"])
        jobs.append(trial("monitor", str(settings), line, lambda: _set(ping.address(told, access))))
    if is_real(roster.programme.organiser.email.partition("@")[2]):
        line = line_of(text, ["programme", "organiser"])
        jobs.append(trial("sender's domain", str(settings), line, lambda: _sender(roster)))
    people = str(directory / "people.csv")
    for person in roster.people.values():
        if person.calendar:
            jobs.append(
                trial(
                    f"calendar of {person.email}",
                    people,
                    person.line,
                    lambda p=person: ports.busy_source(p).read(window, None),  # type: ignore[misc]
                )
            )
    if store.is_there:
        jobs.append(
            Job("audit", lambda: report.connections.append(Connection("audit", store.audit())))
        )
    run_all(jobs)


def _sender(roster: Roster) -> str:
    """What the organiser's domain lacks for its mail to arrive; empty where nothing does."""
    mail, domain = roster.settings.mail, roster.programme.organiser.email.partition("@")[2]
    own = mail["url"].partition(":")[0] in ("smtp", "smtps")
    relay = urlsplit(mail["url"]).hostname or "" if own else ""
    return " ".join(doubts(look_up(domain, mail.get("dkim", ""), relay)))


def _checked(port: object) -> str:
    if port is None:
        return "none is set"
    probe = getattr(port, "check", None)
    if probe:
        probe()
    return ""


def _tried(name: str, file: str, line: int, act: Callable[[], object]) -> Connection:
    try:
        said = act()
    except ProviderError as error:
        return Connection(name, Fault(file, line, f"{name}: {error.message}", error.mend))
    except Exception as error:  # what an adapter did not foresee is a finding as well
        log.exception("check_failed", connection=name)
        what = f"{name}: it failed unexpectedly ({type(error).__name__})"
        return Connection(name, Fault(file, line, what, "see the log above"))
    return Connection(name, note=said if isinstance(said, str) else "")


def _set(_secret: str) -> str:
    return "its address is set"
