"""The demo: a virtual fortnight of a sample programme against real servers on loopback."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, select

from integrations.registry import Ports
from mentoring.roster import Roster
from service.passes import begin, full_pass
from service.roster_source import load
from service.show import show_status
from service.status import status
from service.work import reading
from store.database import migrate, open_engine, resolve_url, sole_writer
from store.tables import outbox
from tests.demo.desks import desks
from tests.demo.partners import Household
from tests.demo.programme import (
    DAYS,
    HARD_FEED,
    PARTNERS,
    PASSWORD,
    START,
    busy_calendar,
    by_user,
    write_roster,
)
from tests.servers.feeds import Feeds, feeds
from tests.servers.imapd import imapd
from tests.servers.smtpd import Taken, smtpd

_STEP = timedelta(hours=4)


@dataclass
class Stage:
    """The demo's world: servers that run, partners at their desks, mails that went out."""

    out: Path
    homes: dict[str, Household]
    feed: Feeds
    mails: int = 0

    def take(self, letter: Taken) -> None:
        """Keep a copy of each mail, and hand it to its reader."""
        self.mails += 1
        name = f"{self.mails:03d}-{letter.recipient}.eml"
        (self.out / "mails" / name).write_bytes(letter.raw)
        if letter.recipient in self.homes:
            self.homes[letter.recipient].receive(letter)

    def live(self, now: datetime) -> None:
        for home in self.homes.values():
            home.live(now)
            if home.feed:
                self._extend_feed(home.feed.pop())

    def _extend_feed(self, ics: str) -> None:
        begin, end = ics.index("BEGIN:VEVENT"), ics.index("END:VCALENDAR")
        old = self.feed.answers["/dana.ics"].body.decode()
        self.feed.put("/dana.ics", old.replace("END:VCALENDAR", ics[begin:end] + "END:VCALENDAR"))


def play(out: Path, providers: tuple[str, ...] = ()) -> bool:
    """Set the servers up, play the fortnight, print the table, leave the mails in `out`.

    False where it came to nothing: a calendar that can't be read, or no meeting.
    """
    console = Console()
    began = time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    (out / "mails").mkdir(parents=True)
    os.environ["OVERLAP_DEMO_PASSWORD"] = PASSWORD
    with ExitStack() as stack:
        roster, stage = _set_up(stack, out, providers)
        console.print(f"Real servers run on loopback; {len(PARTNERS)} people, six zones.")
        if providers:
            console.print(f"Strict simulators of {', '.join(providers)} stand beside them.")
        url = resolve_url(roster.settings.store, out / "config")
        engine = open_engine(url)
        stack.enter_context(sole_writer(engine))
        stack.callback(engine.dispose)
        migrate(engine, now=datetime.now(UTC))
        _run(console, roster, engine, stage)
        well = _tell(console, roster, engine, out)
    console.print(f"Took {time.monotonic() - began:.0f} s. {_where(out)}", soft_wrap=True)
    return well


def _set_up(stack: ExitStack, out: Path, providers: tuple[str, ...]) -> tuple[Roster, Stage]:
    folder, config = out / "radicale", out / "config"
    folder.mkdir()
    seats = stack.enter_context(desks(folder, config, providers))
    inbox = stack.enter_context(imapd("office", PASSWORD))
    web = stack.enter_context(feeds())
    mail = stack.enter_context(smtpd())
    urls = {"dana": web.put("/dana.ics", HARD_FEED)}
    for user, desk in seats.of.items():
        urls[user] = desk.calendar(user)
        desk.fill(user, busy_calendar(by_user(user)))
    write_roster(config, urls, mail.port, inbox.url, seats.organiser, seats.settings)
    homes = {p.email: Household(p, inbox, seats.of.get(p.user)) for p in PARTNERS}
    stage = Stage(out, homes, web)
    mail.on_letter = stage.take
    return load(config), stage


def _run(console: Console, roster: Roster, engine: Engine, stage: Stage) -> None:
    ports = Ports(roster, stage.out / "config")
    now, end = START, START + timedelta(days=DAYS)
    today: Counter[str] = Counter()
    while now < end:
        work = begin(roster, engine, ports, now)
        full_pass(work)
        stage.live(now)
        for name in ("proposed", "reproposed", "confirmed", "sent"):
            today[name] += work.counts[name]
        now += _STEP
        if now.hour == 0:
            done = ", ".join(f"{name} {count}" for name, count in today.items() if count)
            console.print(f"{now - timedelta(days=1):%a %d %b}: {done or 'quiet'}")
            today.clear()


def _tell(console: Console, roster: Roster, engine: Engine, out: Path) -> bool:
    with reading(engine) as connection:
        document = status(connection, roster, START + timedelta(days=DAYS))
        show_status(document, roster)
        rows = connection.execute(select(outbox.c.kind, outbox.c.state)).all()
    table = Table("mail", "sent", "waiting", "not needed any more")
    kinds = Counter((kind, state) for kind, state in rows)
    for kind in sorted({kind for kind, _ in rows}):
        sent, waiting = kinds[kind, "sent"], kinds[kind, "queued"]
        gone = kinds[kind, "superseded"] + kinds[kind, "expired"]
        table.add_row(kind, str(sent), str(waiting), str(gone))
    console.print(table)
    readable = all(calendar["state"] in ("ok", "none") for calendar in document["calendars"])
    return readable and any(pair["held"] for pair in document["pairs"])


def _where(out: Path) -> str:
    return f"The mails are in {out / 'mails'}, the programme's files in {out / 'config'}."
