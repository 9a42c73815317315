"""A store of thousands of pairs in mid-term, written straight into its tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from integrations.registry import Ports
from service import admit
from service.admit import Visitor
from service.consent import Desk
from service.doors import Doors
from service.grants import StoredGrants
from service.passes import present, secret_of
from service.roster_source import load
from service.work import Work
from store import facts, sign_ins, tables, tables_programme
from store.database import migrate, open_engine, resolve_url
from tests.world import PROGRAMME
from web.app import application
from web.coordinator import COOKIE
from web.serve import PageServer

START = datetime(2027, 1, 11, 14, tzinfo=UTC)
NOW = datetime(2027, 5, 3, 16, tzinfo=UTC)
_SETTINGS = f"""{PROGRAMME}[mail]
url = "maildir:outbox"
[web]
base_url = "{{base}}"
"""
_SITES = ("Denver", "Boston", "Austin", "Leeds")
_BY_MENTOR = 3
_MAILS_A_PAIR = 12


def write_roster(directory: Path, pairs: int, base: str = "http://127.0.0.1:1") -> None:
    """Each mentor has three mentees; goals of twelve."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "overlap.toml").write_text(_SETTINGS.format(base=base))
    people = ["name,email,timezone,hours,site,calendar"]
    rows = ["mentor,mentee,goal"]
    for n in range(pairs):
        mentor = n // _BY_MENTOR
        if n % _BY_MENTOR == 0:
            people.append(_person(f"Mentor {_name(mentor)}", f"mentor{mentor}", mentor))
        people.append(_person(f"Mentee {_name(n)}", f"mentee{n}", n))
        rows.append(f"mentor{mentor}@example.org,mentee{n}@example.org,12")
    (directory / "people.csv").write_text("\n".join(people) + "\n")
    (directory / "pairs.csv").write_text("\n".join(rows) + "\n")


def _name(number: int) -> str:
    """Letters, since names have no digits."""
    letters = ""
    while number or not letters:
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return letters.title()


def _person(name: str, address: str, number: int) -> str:
    site = _SITES[number % len(_SITES)]
    calendar = f"file:{address}.ics" if number % 2 else ""
    return f"{name},{address}@example.org,America/New_York,Mon-Fri 09:00-17:00,{site},{calendar}"


def filled(directory: Path, *, troubled: int = 0, missed: float = 0.05, seed: int = 1) -> Engine:
    """The store of that roster on 3 May: nine meetings a pair, mostly one ahead, and all else.

    The first `troubled` pairs have not met since February; `missed` is the share of the other
    meetings that did not take place.
    """
    roster = load(directory)
    engine = open_engine(resolve_url(roster.settings.store, directory))
    migrate(engine, now=NOW)
    dice = random.Random(seed)
    meetings, sides, mails, terms, standings = [], [], [], [], []
    for n, pair in enumerate(roster.pairs):
        quiet = n < troubled
        for number in range(1, 5 if quiet else 10 + (n % 6 != 5)):
            start = START + timedelta(weeks=2 * (number - 1), hours=n % 2)
            uid = f"{n}-{number}@example.org"
            meetings.append(_meeting(uid, pair.key, number, start, dice, missed))
            sides += [_side(uid, person) for person in pair.key]
        standings.append(_standing(pair.key, quiet=quiet))
        terms.append(_terms(pair.key))
        mails += [_mail(n, k, pair.key[k % 2]) for k in range(_MAILS_A_PAIR)]
    calendars = [_calendar(p.email) for p in roster.people.values() if p.calendar]
    with engine.begin() as connection:
        for table, rows in (
            (tables.meetings, meetings),
            (tables.attendances, sides),
            (tables.pairs, standings),
            (tables_programme.agreements, terms),
            (tables.outbox, mails),
            (tables.calendars, calendars),
        ):
            connection.execute(table.insert(), rows)
        facts.secret(connection)
        facts.write(connection, facts.LAST_PASS, NOW.isoformat())
    return engine


def _meeting(
    uid: str,
    key: tuple[str, str],
    number: int,
    start: datetime,
    dice: random.Random,
    missed: float,
) -> dict[str, object]:
    over = start < NOW
    state = "confirmed" if not over else "missed" if dice.random() < missed else "held"
    return {
        "uid": uid,
        "mentor": key[0],
        "mentee": key[1],
        "number": number,
        "state": state,
        "sequence": 0,
        "tries": 1,
        "start": int(start.timestamp()),
        "end": int(start.timestamp()) + 3600,
        "proposed_at": int(start.timestamp()) - 14 * 86400,
        "zone": "America/New_York",
        "on_site": False,
        "edge_mentor": 0.0,
        "edge_mentee": 0.0,
        "decision": '{"chosen": {"reasons": ["' + "near the due date " * 40 + '"]}}',
        "assumed": dice.random() < 0.3,
    }


def _side(uid: str, person: str) -> dict[str, object]:
    code = f"{uid} {person}"
    return {
        "uid": uid,
        "person": person,
        "name": "N",
        "zone": "UTC",
        "partstat": "ACCEPTED",
        "code": code,
    }


def _standing(key: tuple[str, str], *, quiet: bool) -> dict[str, object]:
    state, reason = ("waiting", "a calendar can't be read") if quiet else ("confirmed", "")
    return {"mentor": key[0], "mentee": key[1], "state": state, "reason": reason}


def _terms(key: tuple[str, str]) -> dict[str, object]:
    return {
        "mentor": key[0],
        "mentee": key[1],
        "version": 1,
        "every": 14 * 86400,
        "minutes": 60,
        "channel": "virtual",
        "share": 50,
        "author": "",
        "made_at": int(START.timestamp()),
        "in_force_at": int(START.timestamp()) + 86400,
    }


def _mail(pair: int, number: int, reader: str) -> dict[str, object]:
    return {
        "key": f"invite:{pair}:{number}",
        "kind": "invite",
        "recipient": reader,
        "message_id": f"<{pair}.{number}@example.org>",
        "raw": b"x" * 3000,
        "state": "sent",
        "created_at": int(START.timestamp()) + number * 86400,
    }


def _calendar(person: str) -> dict[str, object]:
    return {
        "person": person,
        "url_digest": "0",
        "state": "ok",
        "synced_at": int(NOW.timestamp()),
        "cursor": "x" * 200,
    }


@dataclass(frozen=True)
class Served:
    """The coordinator's page over a store, at `NOW`, with the cookie of one who is signed in."""

    url: str
    cookie: dict[str, str]
    engine: Engine


@contextmanager
def served(directory: Path, pairs: int, engine: Engine) -> Iterator[Served]:
    """As the daemon serves it: the roster stays the same object until its files change."""
    kept: list[Work] = []

    def files() -> Work:
        return kept[0]

    def work() -> Work:
        plain = kept[0]
        return present(plain.roster, plain.engine, plain.outside, plain.now)

    def nobody() -> Desk:
        raise AssertionError("nobody consents here")

    doors = Doors(nobody, work, lambda _person: None, lambda: None, files)
    with PageServer(application(doors), "127.0.0.1:0") as pages:
        base = f"http://127.0.0.1:{pages.port}"
        write_roster(directory, pairs, base)
        roster = load(directory)
        ports = Ports(roster, directory, StoredGrants.of(roster, directory, engine))
        kept.append(Work(roster, engine, ports, NOW, secret_of(engine), roster))
        visitor = Visitor(roster.programme.coordinator, "token")
        with engine.begin() as connection:
            sign_ins.begin(connection, admit._digest(visitor.token), visitor.email, NOW)
        cookie = {COOKIE: admit.cookie(kept[0], visitor)}
        yield Served(f"{base}/coordinator", cookie, engine)
