"""What the organiser's domain lacks for its mail to arrive, by a name server of our own."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from integrations import mail_dns
from integrations.ports import ProviderError
from mentoring.sender_domain import Records, doubts, is_real
from mentoring.settings_file import read_settings
from service.check import check
from tests.world import SETTINGS, World, at

DOMAIN = "mentoring-office.org"
GOOD = {
    (DOMAIN, "TXT"): ('"v=spf1 include:_spf.mentoring-office.org -all"', '"google-site=x"'),
    (f"_dmarc.{DOMAIN}", "TXT"): ('"v=DMARC1; p=quarantine; rua=mailto:d@mentoring-office.org"',),
    (f"s1._domainkey.{DOMAIN}", "TXT"): ('"v=DKIM1; k=rsa; " "p=MIGfMA0GCSqGSIb3"',),
    (f"mx.{DOMAIN}", "A"): ("8.8.4.4",),
    ("4.4.8.8.in-addr.arpa", "PTR"): (f"mx.{DOMAIN}.",),
}
Zone = dict[tuple[str, str], tuple[str, ...]]


@contextmanager
def name_server(
    zone: Zone, code: dns.rcode.Rcode = dns.rcode.NXDOMAIN
) -> Iterator[dns.resolver.Resolver]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            raw, socket = self.request
            query = dns.message.from_wire(raw)
            reply, question = dns.message.make_response(query), query.question[0]
            reply.flags |= dns.flags.RA
            name = str(question.name).rstrip(".").lower()
            kind = dns.rdatatype.to_text(question.rdtype)
            if found := zone.get((name, kind)):
                reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
            elif not any(known == name for known, _ in zone):
                reply.set_rcode(code)
            socket.sendto(reply.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        yield resolver
        server.shutdown()


def said(zone: Zone, selector: str = "s1", domain: str = DOMAIN) -> list[str]:
    with name_server(zone) as resolver:
        return list(doubts(mail_dns.look_up(domain, selector, f"mx.{DOMAIN}", resolver)))


def test_a_domain_in_order_raises_no_doubt() -> None:
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({(DOMAIN, "TXT"): ('"x"',)}, "has no SPF record: publish which servers may send for it."),
        ({(DOMAIN, "TXT"): ('"v=spf1 -all"', '"v=spf1 ~all"')}, "has 2 SPF records"),
        ({(DOMAIN, "TXT"): ('"v=spf1 +all"',)}, "lets everybody send for it"),
        ({(f"_dmarc.{DOMAIN}", "TXT"): ()}, "has no DMARC record"),
        ({(f"_dmarc.{DOMAIN}", "TXT"): ('"v=DMARC1; rua=mailto:a@b"',)}, "without a policy"),
        ({(f"s1._domainkey.{DOMAIN}", "TXT"): ('"v=DKIM1; p="',)}, "has no DKIM key"),
        ({("4.4.8.8.in-addr.arpa", "PTR"): ()}, "The mail server 8.8.4.4 has no name (PTR)"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_mend(change: Zone, words: str) -> None:
    (doubt,) = said({**GOOD, **change})
    assert words in doubt
    assert ": " in doubt
    assert len(doubt.split()) <= 20


def test_a_policy_of_the_domain_above_counts() -> None:
    below = f"mail.{DOMAIN}"
    zone: Zone = {
        **GOOD,
        (below, "TXT"): ('"v=spf1 -all"',),
        (f"s1._domainkey.{below}", "TXT"): ('"p=MIGf"',),
    }
    assert said(zone, domain=below) == []


def test_without_a_selector_dkim_is_said_to_be_open() -> None:
    assert said(GOOD, selector="") == ["DKIM is not checked: set [mail] dkim to your selector."]


def test_a_name_server_that_fails_says_nothing_of_the_domain() -> None:
    with (
        name_server({}, dns.rcode.SERVFAIL) as resolver,
        pytest.raises(ProviderError, match="no name server answers"),
    ):
        mail_dns.look_up(DOMAIN, "s1", "", resolver)


def test_sample_and_inner_domains_are_asked_of_nobody() -> None:
    assert is_real("office.gov")
    for domain in ("example.org", "mail.example.com", "localhost", "a.test", "corp.internal"):
        assert not is_real(domain)


def test_check_says_it_and_fails_nobody_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SETTINGS.format(agreement="").replace("mentoring@example.org", f"o@{DOMAIN}")
    (world.directory / "overlap.toml").write_text(text.replace("[mail]", '[mail]\ndkim = "S1"'))
    asked: list[tuple[str, str, str]] = []

    def known(domain: str, selector: str, relay: str) -> Records:
        asked.append((domain, selector, relay))
        return Records(domain, spf=("v=spf1 -all",), dkim=("p=a",))

    monkeypatch.setattr("service.check.look_up", known)
    report = check(
        world.directory,
        now=at("2027-01-11 12:00"),
        ports=lambda roster: world.ports(roster, world.directory),
    )
    (row,) = [c for c in report.connections if c.name == "sender's domain"]
    assert row.fault is None
    assert row.note == f"{DOMAIN} has no DMARC record: publish one at _dmarc.{DOMAIN}."
    assert asked == [(DOMAIN, "s1", "")]
    assert report.exit_status == 0
    assert read_settings(text.replace("[mail]", '[mail]\ndkim = "a b"').encode())[0] is None
