"""The running daemon as monitoring sees it: over its own socket, with Prometheus' own parser."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.service.exposed import Exposed, exposed
from tests.service.test_run import heard, running
from tests.world import World

MONITORING = Path(__file__).parent.parent.parent / "docs" / "monitoring"
RULES = MONITORING / "overlap.rules.yml"
DASHBOARD = MONITORING / "grafana.json"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def listening(world: World) -> str:
    """Give the programme a port of its own; the address of its pages."""
    address = f"127.0.0.1:{free_port()}"
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'[web]\nlisten = "{address}"\n')
    return f"http://{address}"


def scraped(http: httpx.Client) -> Exposed:
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return exposed(answer.text)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exposed]:
    """What a daemon exposes after its first pass, and a page that it was asked for."""
    world = World(tmp_path_factory.mktemp("daemon") / "programme")
    world.write()
    url = listening(world)
    with running(world) as (_, channel), httpx.Client(base_url=url, timeout=30) as http:
        heard(channel, "READY=1")
        assert http.get("/healthz").text == "alive\n"
        while (ready := http.get("/readyz")).status_code != 200:
            assert ready.status_code == 503
            assert ready.text == "the first pass since the start is not over yet\n"
        assert ready.text == "ready\n"
        assert http.get("/agenda/no-link").status_code == 404
        assert http.get("/../etc/dana@example.org").status_code == 404
        yield scraped(http)
    world.close()


@pytest.mark.slow
def test_the_daemon_is_scraped(seen: Exposed) -> None:
    assert seen["overlap_store_up"] == 1
    assert seen["overlap_pass_seconds_count"] >= 1
    assert seen["overlap_pass_failures_total"] == 0
    assert seen["overlap_last_pass_timestamp_seconds"] >= seen["overlap_start_timestamp_seconds"]
    assert seen["overlap_roster_faults"] == 0
    assert seen.by("overlap_calendars", "state") == {"ok": 2}
    assert sum(seen.by("overlap_pairs", "state").values()) == seen["overlap_roster_pairs"] == 1
    calls = {"provider": "ics", "operation": "read", "outcome": "ok"}
    assert seen.of("overlap_provider_calls_total", **calls) == 2
    asked = seen.by("overlap_page_requests_total", "page")
    assert asked["agenda"] == 1
    assert asked["none"] == 1
    assert asked["readyz"] >= 1
    build = next(dict(labels) for name, labels in seen.samples if name == "overlap_build_info")
    assert build["version"]
    assert build["schema"].isdigit()


@pytest.mark.slow
def test_no_label_is_personal(seen: Exposed) -> None:
    for label, value in seen.labels:
        assert re.fullmatch(r"[\w +.]{1,40}", value), (label, value)


EXPRESSION = re.compile(r"\b(?:overlap_\w+|up)\b")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


@pytest.mark.slow
def test_every_rule_and_panel_asks_for_what_there_is(seen: Exposed) -> None:
    """By name and by label: a renamed metric or label leaves no alert and no panel blind."""
    known: dict[str, set[str]] = {"up": {"job", "instance"}}
    for name, labels in seen.samples:
        known.setdefault(name, {"job", "instance"}).update(dict(labels))
    known |= {name: {"job", "instance", *labels} for name, labels in NOT_YET.items()}
    asked = [rule["expr"] for rule in alerts()]
    asked += [target["expr"] for panel in panels() for target in panel["targets"]]
    for expression in asked:
        names = EXPRESSION.findall(expression)
        assert names, expression
        for name, selector in re.findall(r"\b(overlap_\w+|up)\{([^}]*)\}", expression):
            assert name in known, expression
            assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= known[name], expression
            assert 'job="overlap"' in selector, expression
            names.remove(name)
        assert not names, f"{names} without a selector in {expression}"
        grouped = {
            g.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for g in by.split(",")
        }
        used = set().union(*(known[n] for n in EXPRESSION.findall(expression)))
        assert grouped <= used, expression


NOT_YET = {
    "overlap_mails_by_kind": ("kind", "state"),
    "overlap_mail_oldest_seconds": ("state",),
}
"""What a daemon exposes once there are mails; tests/service/test_metrics.py sees it do so."""


def test_alerts_say_what_to_do() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) == 11
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_the_dashboard_is_one(tmp_path: Path) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["title"] == "Overlap"
    assert dashboard["schemaVersion"] >= 36
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert variables == {"source", "instance"}
    ids: set[int] = set()
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["type"] in ("stat", "timeseries", "table")
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        assert panel["targets"]
        assert panel["id"] not in ids
        ids.add(panel["id"])
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))


def promtool(*words: str) -> None:
    path = shutil.which("promtool")
    if path is None:
        pytest.fail("promtool is missing; run: apt-get install prometheus", pytrace=False)
    run = subprocess.run(
        [path, *words], cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_prometheus_takes_the_rules_and_they_alert_when_they_should() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES.name)
    promtool("test", "rules", "overlap.rules.test.yml")


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [t["expr"] for panel in panels() for t in panel["targets"]]
    rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))


@pytest.mark.slow
def test_what_is_exposed_is_as_prometheus_likes_it(seen: Exposed) -> None:
    for name, kind in seen.kinds.items():
        assert name.startswith("overlap_")
        assert kind in ("gauge", "counter", "histogram")
        assert name != name.upper()
