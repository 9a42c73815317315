"""What a receiving server notes of our own letter, as real ones write it, in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.authentication import noted
from mentoring.trial import Judged, judged

FIELD = "Authentication-Results"
OWN = ("From", "Mentoring Office <mentoring@example.org>")
GMAIL = """mx.google.com;
       dkim=pass header.i=@example.org header.s=s1 header.b=Qm3x;
       spf=pass (google.com: domain of mentoring@example.org designates 192.0.2.1 as permitted
 sender) smtp.mailfrom=mentoring@example.org;
       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=example.org"""
MICROSOFT = """spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=example.org;
 dkim=none (message not signed) header.d=none;dmarc=fail action=quarantine header.from=example.org;
 compauth=fail reason=000"""
RESULTS = ("pass", "none", "fail", "softfail", "neutral", "temperror", "permerror")


def test_gmail() -> None:
    server, results = noted([("Received", "by mx"), (FIELD, GMAIL), OWN])
    assert server == "mx.google.com"
    assert judged(results) == Judged("pass", "pass", "pass")
    assert list(judged(results).mends()) == []


def test_microsoft_names_no_server_and_begins_with_a_result() -> None:
    server, results = noted([(FIELD, MICROSOFT), OWN])
    assert server == ""
    found = judged(results)
    assert found == Judged("fail", "none", "fail")
    assert found.is_refused
    assert list(found.mends()) == [
        "name the server that sends in the domain's SPF record",
        "have the mail server sign with DKIM",
        "send or sign in the name of the domain in From (DMARC)",
    ]


def test_fields_of_one_server_are_one_and_others_are_not() -> None:
    fields = [
        (FIELD, "mx.example.org; dmarc=pass header.from=example.org"),
        (FIELD, "mx.example.org; dkim=fail header.d=list.example; dkim=pass header.d=example.org"),
        (FIELD, "relay.example.net; spf=fail smtp.mailfrom=example.org"),
        OWN,
        (FIELD, "mx.example.org; spf=fail smtp.mailfrom=example.org"),
    ]
    server, results = noted(fields)
    assert (server, judged(results)) == ("mx.example.org", Judged("none", "pass", "pass"))


def test_a_server_that_noted_nothing_is_passed_over() -> None:
    fields = [(FIELD, "inside.example.org; none"), (FIELD, "mx.example.org; dmarc=fail"), OWN]
    server, results = noted(fields)
    assert (server, judged(results).dmarc) == ("mx.example.org", "fail")


def test_what_lies_below_the_mails_own_fields_was_there_before() -> None:
    assert noted([OWN, (FIELD, GMAIL)]) == ("", [])


@pytest.mark.parametrize(
    ("spf", "dkim", "dmarc", "refused"),
    [
        ("pass", "pass", "pass", False),
        ("fail", "pass", "pass", False),
        ("pass", "fail", "pass", False),
        ("none", "none", "none", False),
        ("softfail", "none", "none", False),
        ("fail", "none", "none", True),
        ("pass", "fail", "none", True),
        ("pass", "pass", "fail", True),
    ],
)
def test_what_others_may_refuse(spf: str, dkim: str, dmarc: str, refused: bool) -> None:
    assert Judged(spf, dkim, dmarc).is_refused is refused


@given(*[st.sampled_from(RESULTS)] * 3)
def test_there_is_something_to_do_unless_all_is_well(spf: str, dkim: str, dmarc: str) -> None:
    found = Judged(spf, dkim, dmarc)
    mends = list(found.mends())
    assert (mends == []) == ({spf, dkim, dmarc} == {"pass"})
    assert all(len(each.split()) <= 20 for each in mends)
    assert not found.is_refused or mends
