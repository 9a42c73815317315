"""What the vulnerability service says decides, and its silence is said, never taken for a yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests import audit
from tests.locks import pins
from tests.servers.serving import serving

ASKED = pins(audit.LOCK)
NAMES = [pin.name for pin in ASKED]


@dataclass
class Service:
    """Answers as OSV does, with the ids that it knows of a package; or whatever `says` is."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    says: tuple[int, bytes] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, queries: list[dict[str, Any]]) -> tuple[int, bytes]:
        self.asked += queries
        names = [query["package"]["name"] for query in queries]
        found = [[{"id": id_, "modified": "2026-01-01T00:00:00Z"} for id_ in self.ids.get(n, ())]
                 for n in names]  # fmt: skip
        results = [{"vulns": each} if each else {} for each in found]
        return self.says or (200, json.dumps({"results": results}).encode())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    running = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = running.answer(body["queries"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        monkeypatch.setattr(audit, "URL", f"http://127.0.0.1:{server.server_port}/v1/querybatch")
        yield running


def test_every_version_that_runs_is_asked_about(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main([]) == 0
    assert service.asked == [
        {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version}
        for pin in ASKED
    ]
    assert f"{len(ASKED)} packages asked about, 0 have some" in capsys.readouterr().out


def test_a_known_vulnerability_fails_and_is_named(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.ids = {NAMES[3]: ["GHSA-aaaa", "PYSEC-1"]}
    assert audit.main([]) == 1
    said = capsys.readouterr().out
    assert f"requirements.lock: {NAMES[3]} {ASKED[3].version} has GHSA-aaaa, PYSEC-1; " in said
    assert "1 have some" in said


def test_one_that_does_not_reach_us_is_accepted_alone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "ACCEPTED", {"GHSA-aaaa": "we never call it"})
    service.ids = {NAMES[3]: ["GHSA-aaaa"]}
    assert audit.main([]) == 0
    service.ids = {NAMES[3]: ["GHSA-aaaa", "PYSEC-1"]}
    assert audit.main([]) == 1


@pytest.mark.parametrize(
    "says",
    [
        (503, b""),
        (200, b"<html>Log in to the network"),
        (200, b"[]"),
        (200, b'{"results": null}'),
        (200, b'{"results": [{}]}'),
        (200, b'{"results": [null]}'),
    ],
)
def test_what_is_no_answer_is_said_and_not_taken_for_one(
    says: tuple[int, bytes], service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.says = says
    assert (audit.main([]), audit.main(["--must"])) == (0, 1)
    assert capsys.readouterr().out.count("NOT ASKED") == 2


def test_without_a_network_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "URL", "http://127.0.0.1:1/v1/querybatch")
    assert (audit.main([]), audit.main(["--must"])) == (0, 1)
    assert "can't be reached (ConnectError)" in capsys.readouterr().out
