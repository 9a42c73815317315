"""A real Radicale on a free loopback port, for tests and the demo."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from radicale import config
from radicale.app import Application

from tests.servers.serving import serving


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return


@dataclass
class Radicale:
    """The server as a test or the demo uses it; `requests` lists (method, path)."""

    port: int
    users: Mapping[str, str]
    directory: Path
    requests: list[tuple[str, str]] = field(default_factory=list)

    def url(self, user: str, calendar: str = "work") -> str:
        return f"caldav://{user}@127.0.0.1:{self.port}/{user}/{calendar}/"

    def create(self, user: str, calendar: str = "work") -> None:
        self._ask(user, "MKCALENDAR", f"/{user}/{calendar}/").raise_for_status()

    def fill(self, user: str, ics: str, calendar: str = "work") -> None:
        """Upload many entries at once, in place of what is there."""
        path = f"/{user}/{calendar}/"
        self._ask(user, "PUT", path, ics.encode()).raise_for_status()

    def put(self, user: str, name: str, ics: str, calendar: str = "work") -> None:
        path = f"/{user}/{calendar}/{name}.ics"
        self._ask(user, "PUT", path, ics.encode()).raise_for_status()

    def delete(self, user: str, name: str, calendar: str = "work") -> None:
        self._ask(user, "DELETE", f"/{user}/{calendar}/{name}.ics").raise_for_status()

    def names(self, user: str, calendar: str = "work") -> str:
        return self._ask(user, "PROPFIND", f"/{user}/{calendar}/").text

    def _ask(self, user: str, method: str, path: str, body: bytes = b"") -> httpx.Response:
        return httpx.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            auth=(user, self.users[user]),
            content=body,
            headers={"Content-Type": "text/calendar; charset=utf-8"} if body else {},
        )


@contextmanager
def radicale(
    directory: Path, users: Mapping[str, str], *, sync_collection: bool = True
) -> Iterator[Radicale]:
    """Start it with these users and passwords; without sync_collection it refuses such REPORTs."""
    passwords = directory / "users"
    passwords.write_text("".join(f"{user}:{word}\n" for user, word in users.items()))
    settings = config.load()
    settings.update(
        {
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(passwords),
                "htpasswd_encryption": "plain",
                "delay": 0,
            },
            "storage": {"filesystem_folder": str(directory / "collections")},
            "logging": {"level": "critical"},
        },
        "test",
        privileged=True,
    )
    application = Application(settings)
    running = Radicale(0, users, directory / "collections")

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        running.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if environ["REQUEST_METHOD"] == "REPORT" and not sync_collection:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length)
            if b"sync-collection" in body:
                start_response("501 Not Implemented", [("Content-Length", "0")])
                return [b""]
            environ["wsgi.input"] = io.BytesIO(body)
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, serve, server_class=_Threaded, handler_class=_Quiet)
    running.port = server.server_port
    with serving(server):
        yield running
