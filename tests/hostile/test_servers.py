"""Servers that answer with something else: no adapter takes it for an empty calendar."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from integrations import caldav
from integrations.ical import read_busy
from integrations.ports import Access, Owner, ProviderError
from service.roster_source import load
from service.status import status
from service.work import reading
from store import tables
from tests.hostile.calendars import LAUGHS
from tests.hostile.parsers import WINDOW
from tests.integrations.golden import named
from tests.world import World, at, kinds

OWNER = Owner("dana@example.org", "America/New_York")
_DAV = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
_ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def _response(href: str, data: str = "", status: str = "200 OK", tag: str = '"1"') -> str:
    return (
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:getetag>{tag}</D:getetag>"
        f"<C:calendar-data>{data}</C:calendar-data></D:prop>"
        f"<D:status>HTTP/1.1 {status}</D:status></D:propstat></D:response>"
    )


TEN = named("plain").text()
ANSWERS: dict[str, tuple[int, str | bytes]] = {
    "nothing": (207, ""),
    "spaces": (207, "   \r\n"),
    "HTML": (200, "<!doctype html><title>Log in</title><form>"),
    "HTML in a multistatus' clothes": (207, "<html><body>Sign in</body></html>"),
    "JSON": (207, '{"items": []}'),
    "a cut multistatus": (207, _DAV + _response("/c/a.ics", TEN)[:-30]),
    "NULs": (207, b"\x00" * 1000),
    "broken UTF-8": (207, b"<?xml version='1.0'?><a>\xff\xfe</a>"),
    "a million laughs": (207, LAUGHS),
    "an outside entity": (207, _ENTITY + "<x>&e;</x>"),
    "fifty thousand deep": (207, _DAV + "<D:a>" * 50_000),
    "an attribute of a megabyte": (207, f'{_DAV[:-1]} a="{"x" * 1_000_000}">'),
    "an entry without its data": (207, _DAV + _response("/c/a.ics") + "</D:multistatus>"),
    "an entry forbidden": (207, _DAV + _response("/c/a.ics", "", "403 No") + "</D:multistatus>"),
    "an entry of another host": (
        207,
        _DAV + _response("https://evil.example/c/a.ics", "x") + "</D:multistatus>",
    ),
    "an entry that is no calendar": (207, _DAV + _response("/c/a.ics", "x") + "</D:multistatus>"),
    "an entry cut off": (207, _DAV + _response("/c/a.ics", TEN[:150]) + "</D:multistatus>"),
    "no multistatus": (207, '<?xml version="1.0"?><D:prop xmlns:D="DAV:"/>'),
    "a status of words": (207, _DAV + _response("/c/a.ics", TEN, "fine") + "</D:multistatus>"),
    "a redirect inside": (301, ""),
    "an error": (500, "<error/>"),
    "a teapot": (418, ""),
}


@contextmanager
def answering(status: int, body: bytes, *headers: tuple[str, str]) -> Iterator[int]:
    """A server that gives one answer to whatever it is asked; its port."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            for name, value in (("Content-Type", "text/xml"), *headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PROPFIND = do_REPORT = do_OPTIONS = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


def read(port: int, directory: Path) -> object:
    access = Access(directory, {"password": "file:word"})
    (directory / "word").write_text("word")
    return caldav.busy_source(f"caldav://d@127.0.0.1:{port}/c/", OWNER, access).read(WINDOW, None)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_caldav_answer_that_is_none_is_a_fault(name: str, tmp_path: Path) -> None:
    status, text = ANSWERS[name]
    body = text.encode() if isinstance(text, str) else text
    away = (("Location", "http://127.0.0.1:1/c/"),) if status == 301 else ()
    with answering(status, body, *away) as port, pytest.raises(ProviderError) as error:
        read(port, tmp_path)
    assert error.value.message
    assert error.value.mend
    assert "passwd" not in str(error.value)


def test_a_compressed_answer_is_refused_before_it_is_undone(tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(bytes(200_000_000), 1))
    with (
        answering(207, bomb, ("Content-Encoding", "gzip, gzip")) as port,
        pytest.raises(ProviderError),
    ):
        read(port, tmp_path)


def test_an_answer_ends_at_fifty_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.caldav_session.LARGEST", 100_000)
    with answering(207, b"<a>" + b"x" * 1_000_000) as port, pytest.raises(ProviderError):
        read(port, tmp_path)


@pytest.mark.slow
def test_the_child_that_reads_calendars_ends_within_its_limits() -> None:
    """Whatever a calendar costs, the service itself pays nothing: here a thousand dense series."""
    rule = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6;BYMINUTE=0,20,40"
    event = TEN[TEN.index("BEGIN:VEVENT") : TEN.index("END:VCALENDAR")]
    many = "".join(
        event.replace("UID:one", f"UID:{n}").replace("DTEND", f"RRULE:{rule}\r\nDTEND")
        for n in range(1000)
    )
    with pytest.raises(ProviderError) as error:
        read_busy(TEN.replace(event, many).encode(), WINDOW, OWNER)
    assert error.value.permanent


def test_what_was_read_last_is_kept_with_its_age_and_books_nothing(world: World) -> None:
    """A good calendar turns hostile: its busy times stay, its age shows, and nobody is invited."""
    path = world.directory / "dana.ics"
    path.write_bytes(TEN.encode())
    world.new = True
    world.step(at("2027-01-08 12:00"))
    world.sent()
    before, invited = busy(world), kinds(world, "invite")
    assert before
    for raw in (b"<html>", gzip.compress(TEN.encode()), TEN[:-30].encode(), bytes(5000)):
        path.write_bytes(raw)
        world.step(at("2027-01-11 12:00"))
        assert busy(world) == before
        with reading(world.engine) as connection:
            document = status(connection, load(world.directory), at("2027-01-11 12:00"))
        row = next(c for c in document["calendars"] if c["person"] == "dana@example.org")
        assert (row["state"], row["synced_at"]) == ("unreadable", "2027-01-08T17:00:00Z")
        assert row["reason"]
    assert kinds(world, "invite") == invited


def busy(world: World) -> list[tuple[int, int]]:
    with reading(world.engine) as connection:
        query = select(tables.busy.c.start, tables.busy.c.end).order_by(tables.busy.c.start)
        return [(row.start, row.end) for row in connection.execute(query)]
