"""The channels: servers that outlive every kill, and that can be put back as they were."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from icalendar import Calendar

from tests.servers.imapd import imapd
from tests.servers.radicale import radicale
from tests.servers.smtpd import Taken, smtpd
from tests.servers.started import SIMULATORS
from tests.world import DANA, LEE

OFFICE = "mentoring@example.org"
ARCHIVE = "archive@example.org"
WORD = "word"


@dataclass(frozen=True)
class Channel:
    """A programme's outside: its servers, and how the harness looks into them.

    `sections` follow [agreement] in overlap.toml; `calendars` are the partners', by address.
    `evidence` says whether a letter can be looked up after a kill. `kept` names what the servers
    remember: objects and their attributes; `disk` is a folder of theirs. `gone` is a calendar that
    its owner has to connect again. `refill` puts a server right that has no memory to reach into.
    """

    name: str
    evidence: bool
    sections: str
    calendars: dict[str, str]
    gone: str
    letters: Callable[[Path], list[bytes]]
    events: Callable[[], list[str]]
    reply: Callable[[Path, bytes], None]
    kept: Callable[[], list[tuple[Any, tuple[str, ...]]]]
    refill: Callable[[], None] = lambda: None
    disk: Path | None = None

    def freeze(self) -> Frozen:
        """The servers' memory as it is now."""
        memory = [{n: getattr(o, n) for n in names} for o, names in self.kept()]
        disk = {}
        if self.disk:
            files = (p for p in self.disk.rglob("*") if p.is_file())
            disk = {str(p.relative_to(self.disk)): p.read_bytes() for p in files}
        return Frozen(copy.deepcopy(memory), disk)

    def thaw(self, frozen: Frozen) -> None:
        """Put the servers back; each object stays the same, for others hold on to it."""
        memory = copy.deepcopy(frozen.memory)
        for (kept, _), values in zip(self.kept(), memory, strict=True):
            for name, value in values.items():
                setattr(kept, name, value)
        if self.disk:
            self._put_back(self.disk, frozen.disk)
        self.refill()

    @staticmethod
    def _put_back(folder: Path, files: dict[str, bytes]) -> None:
        for path in folder.rglob("*"):
            if path.is_file() and str(path.relative_to(folder)) not in files:
                path.unlink()
        for name, content in files.items():
            path = folder / name
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


@dataclass(frozen=True)
class Frozen:
    memory: list[dict[str, Any]]
    disk: dict[str, bytes] = field(default_factory=dict)


def _into_maildir(directory: Path, raw: bytes) -> None:
    folder = directory / "inbox" / "new"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{len(list(folder.iterdir())):05d}.test").write_bytes(raw)


@contextmanager
def smtp(_directory: Path) -> Iterator[Channel]:
    """Mail by SMTP alone: nobody can say afterwards whether a letter was taken."""
    with smtpd() as server:
        yield Channel(
            "SMTP",
            evidence=False,
            sections=f'[mail]\nurl = "smtp://127.0.0.1:{server.port}"\ninbox = "maildir:inbox"\n',
            calendars={},
            gone="file:gone.ics",
            letters=lambda _: [taken.raw for taken in server.letters],
            events=list,
            reply=_into_maildir,
            kept=lambda: [(server, ("letters",))],
        )


@contextmanager
def smtp_with_archive(directory: Path) -> Iterator[Channel]:
    """Mail by SMTP with a copy to a mailbox in which it is looked up."""
    with smtpd() as server, imapd("archive", WORD) as archive:
        held: list[int] = [0]

        def keep(taken: Taken) -> None:
            if taken.recipient == ARCHIVE:
                archive.append(taken.raw)
                held[0] += 1

        def refill() -> None:
            if held[0] == sum(taken.recipient == ARCHIVE for taken in server.letters):
                return
            with archive.client() as client:
                client.select_folder("INBOX")
                client.delete_messages(client.search(["ALL"]))
                client.expunge()
            copies = [t for t in server.letters if t.recipient == ARCHIVE]
            for taken in copies:
                archive.append(taken.raw)
            held[0] = len(copies)

        server.on_letter = keep
        (directory / "archive.secret").write_text(WORD)
        yield Channel(
            "SMTP, archive",
            evidence=True,
            sections=f'[mail]\nurl = "smtp://127.0.0.1:{server.port}"\ninbox = "maildir:inbox"\n'
            f'archive = "{archive.url}"\narchive_address = "{ARCHIVE}"\n'
            'archive_password = "file:archive.secret"\n',
            calendars={},
            gone="file:gone.ics",
            letters=lambda _: [t.raw for t in server.letters if t.recipient != ARCHIVE],
            events=list,
            reply=_into_maildir,
            kept=lambda: [(server, ("letters",))],
            refill=refill,
        )


@contextmanager
def caldav(directory: Path) -> Iterator[Channel]:
    """Calendars by CalDAV at a real Radicale; mail into a Maildir."""
    logging.getLogger("radicale").disabled = True  # it says who was refused, as it must
    folder = directory.parent / "radicale"
    folder.mkdir()
    users = {"office": WORD, "dana": WORD, "lee": WORD}
    with radicale(folder, users) as server:
        for user in users:
            server.create(user)
        home = folder / "collections"

        def events() -> list[str]:
            found = home.glob("collection-root/office/work/*.ics")
            parsed = [Calendar.from_ical(path.read_bytes()).walk("VEVENT")[0] for path in found]
            return sorted(f"{e['uid']} {e.decoded('dtstart')} {e['sequence']}" for e in parsed)

        (directory / "caldav.secret").write_text(WORD)
        secrets = '[caldav]\npassword = "file:caldav.secret"\n'
        yield Channel(
            "CalDAV",
            evidence=True,
            sections='[mail]\nurl = "maildir:outbox"\ninbox = "maildir:inbox"\n'
            f'[calendar]\nurl = "{server.url("office")}"\npassword = "file:caldav.secret"\n'
            + secrets,
            calendars={DANA: server.url("dana"), LEE: server.url("lee")},
            gone=server.url("nobody"),
            letters=lambda d: [p.read_bytes() for p in sorted((d / "outbox/new").glob("*"))],
            events=events,
            reply=_into_maildir,
            kept=list,
            disk=home,
        )


@contextmanager
def _simulated(directory: Path, scheme: str, title: str, kept: Any) -> Iterator[Channel]:
    with SIMULATORS[scheme](directory) as started:
        server = started.server
        for address in (OFFICE, DANA, LEE):
            server.user(address)

        def events() -> list[str]:
            return sorted(_shown(event) for event in server.events(OFFICE))

        yield Channel(
            title,
            evidence=True,
            sections=f'[mail]\nurl = "{scheme}:"\ninbox = "{scheme}:"\n'
            f'[calendar]\nurl = "{scheme}:"\n{started.toml()}',
            calendars={who: f"{scheme}:{who}" for who in (DANA, LEE)},
            gone=f"{scheme}:nobody@example.org",
            letters=lambda _: server.sent(OFFICE),
            events=events,
            reply=lambda _, raw: server.deliver(OFFICE, raw),
            kept=lambda: kept(server),
        )


def _shown(event: dict[str, Any]) -> str:
    """An event in the organiser's calendar: which meeting's, and when."""
    uid = event.get("iCalUID") or event["uid"]
    start = event["start"]
    if isinstance(start, dict):
        start = datetime.fromisoformat(start["dateTime"])
    if isinstance(start, datetime):
        start = start.astimezone(UTC).isoformat()
    return f"{uid} {start}"


def google(directory: Path) -> AbstractContextManager[Channel]:
    return _simulated(
        directory,
        "google",
        "Google",
        lambda s: [
            (s.calendars, ("events", "series", "changes", "mailed", "oldest")),
            (s.mail, ("messages", "oldest", "history")),
        ],
    )


def exchange(directory: Path) -> AbstractContextManager[Channel]:
    names = ("items", "owners", "log", "mailed", "generation", "_made")
    return _simulated(directory, "exchange", "Exchange", lambda s: [(s.exchange.store, names)])


def microsoft365(directory: Path) -> AbstractContextManager[Channel]:
    def kept(server: Any) -> list[tuple[Any, tuple[str, ...]]]:
        shelf = ("events", "gone", "transactions", "changes")
        return [
            *((each, shelf) for each in server.calendars.shelves.values()),
            (server.calendars, ("oldest", "meetings", "invitations")),
            (server.post, ("boxes", "count", "oldest", "outbound")),
        ]

    return _simulated(directory, "microsoft365", "Microsoft 365", kept)


CHANNELS: dict[str, Callable[[Path], AbstractContextManager[Channel]]] = {
    "smtp": smtp,
    "smtp-archive": smtp_with_archive,
    "caldav": caldav,
    "google": google,
    "exchange": exchange,
    "microsoft365": microsoft365,
}
