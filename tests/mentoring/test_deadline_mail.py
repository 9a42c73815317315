"""Where DEADLINE counts in a mail: its writer's own first words, and nothing that they quote."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.deadline_mail import DeadlineAsked
from mentoring.replies import read_answer

BOSS = "boss@example.org"
SUBJECT = "Re: Mentoring update for Dana Lee: November 2026"
QUOTED = "> Deadline coming? Reply:\n> DEADLINE 4 Jan to 8 Jan\n"
GMAIL = f"\n\nOn Tue, Dec 1, 2026 at 1:00 PM Office <\noffice@example.org> wrote:\n{QUOTED}"
OUTLOOK = (
    "\n\n________________________________\nFrom: Mentoring Office\nSent: Tuesday\n"
    "\nDEADLINE 4 Jan to 8 Jan\n"
)
SPANISH = "\n\nEl mar, 1 dic 2026, Oficina escribió:\n\nDEADLINE 4 Jan to 8 Jan\n"


def mail(text: str = "", *, subject: str = SUBJECT, html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = BOSS, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if text or not html:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message.as_bytes()


def asked(raw: bytes) -> str | None:
    found = read_answer(raw)
    assert found is None or isinstance(found, DeadlineAsked)
    return found.text if found else None


@pytest.mark.parametrize("quote", ["", GMAIL, OUTLOOK, SPANISH])
def test_own_words_above_the_quotation(quote: str) -> None:
    for own in ("DEADLINE 7-11 Dec", "Hello,\n\n  *deadline*: 7-11 Dec", "\n“DEADLINE 7-11 Dec”"):
        assert asked(mail(own + quote + "\n-- \nThe boss")) == "7-11 Dec"
    assert asked(mail("Thank you!" + quote)) is None
    assert asked(mail("a\nb\nc\nDEADLINE 7-11 Dec" + quote)) is None


def test_a_reply_without_own_words_asks_for_nothing() -> None:
    for quote in (GMAIL, OUTLOOK, SPANISH, QUOTED):
        assert asked(mail(quote)) is None


def test_html_alone_is_read_down_to_its_quotation() -> None:
    own = "<html><head><style>DEADLINE {}</style></head><body><div>Hello,</div>"
    own += "<div>DEADLINE&nbsp;<b>7\n-11</b> Dec</div>"
    quote = "<blockquote><p>DEADLINE 4 Jan to 8 Jan</p></blockquote>"
    assert asked(mail(html=own + quote)) == "7 -11 Dec"
    assert asked(mail(html=f"<p>Thanks</p>{quote}")) is None
    assert asked(mail(html="<p>Thanks</p><hr><p>DEADLINE 4 Jan</p>")) is None
    assert asked(mail("Thanks", html=own)) is None  # the text is what they sent


def test_the_subject_counts_and_our_own_subjects_come_back() -> None:
    assert asked(mail(subject="DEADLINE 7-11 Dec")) == "7-11 Dec"
    assert asked(mail(subject="Re: RE: deadline 7-11 Dec")) == "7-11 Dec"
    for subject, plainly in (
        ("deadline next week", True),
        ("Re: DEADLINE next week", True),
        ("Re: Deadline recorded 7 – 11 Dec 2026", False),
    ):
        found = read_answer(mail("Thanks!", subject=subject))
        assert isinstance(found, DeadlineAsked)
        assert found.plainly is plainly
    assert asked(mail(subject="Re: Confirm the deadline 7 – 11 Dec 2026")) is None
    assert asked(mail(subject="Deadlines are near")) is None


def test_two_at_once_are_no_range() -> None:
    assert asked(mail("DEADLINE 7 Dec\nDEADLINE 9 Dec")) == "7 Dec ; 9 Dec"


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<staff.example.org>"},
        {"Return_Path": "<>"},
    ],
)
def test_what_no_person_wrote_asks_for_nothing(header: dict[str, str]) -> None:
    assert asked(mail("DEADLINE 7-11 Dec", **header)) is None


def test_the_sender_is_the_one_address_in_from() -> None:
    def sender(text: str) -> str:
        raw = mail("DEADLINE 7-11 Dec").replace(f"From: {BOSS}".encode(), text.encode())
        found = read_answer(raw)
        assert isinstance(found, DeadlineAsked)
        return found.sender

    assert sender(f"From: The Boss <{BOSS.upper()}>") == BOSS
    assert sender(f'From: "{BOSS}" <evil@evil.example>') == "evil@evil.example"
    assert sender(f"From: {BOSS} <evil@evil.example>") == ""
    assert sender(f"From: <{BOSS}> <evil@evil.example>") == ""
    assert sender(f"From: {BOSS}\nFrom: evil@evil.example") == ""
    assert sender(f"From: {BOSS}\nFrom: ") == ""
    assert sender(f"From: {BOSS}, evil@evil.example") == ""
    assert sender(f"Sender: {BOSS}") == ""


def test_headers_keep_their_order() -> None:
    raw = b"Authentication-Results: b;\r\n none\r\n" + mail("DEADLINE 7 Dec", X_Last="a")
    found = read_answer(raw)
    assert isinstance(found, DeadlineAsked)
    names = [name for name, _ in found.headers]
    assert names.index("Authentication-Results") < names.index("From") < names.index("X-Last")


@given(junk=st.binary(max_size=200), tail=st.sampled_from([GMAIL, OUTLOOK, ""]))
def test_no_bytes_break_it(junk: bytes, tail: str) -> None:
    read_answer(b"From: a@b.example\r\nSubject: Re: x\r\n\r\nDEADLINE " + junk + tail.encode())
    read_answer(b"From: a@b.example\r\nContent-Type: text/html; charset=" + junk + b"\r\n\r\n<p>x")
    read_answer(b"From: " + junk + b"\r\n\r\nDEADLINE 7 Dec")
    read_answer(b"Authentication-Results: " + junk + b"\r\n\r\nDEADLINE 7 Dec")
