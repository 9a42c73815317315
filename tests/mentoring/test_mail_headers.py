"""Headers that are kept and folded once are those of the library, byte for byte."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.mail_headers import Headers, known

THEIRS = email.policy.SMTP.clone(max_line_length=998, cte_type="7bit")
OURS = THEIRS.clone(header_factory=Headers())
NARROW = 60
NAMES = st.sampled_from(
    [
        *("Subject", "From", "To", "Message-ID", "References", "In-Reply-To", "Date"),
        *("Content-Type", "Content-Disposition", "X-Overlap-Notice", "List-Unsubscribe"),
    ]
)
WORDS = st.sampled_from(
    [
        *("Mentoring", "=?utf-8?q?x?=", "José", '"A, B"', "<a@example.org>", "a@example.org,"),
        *("text/html;", 'charset="utf-8"', "multipart/mixed;", 'boundary="=_0a"', "inline;"),
        *('filename="a b.ics"', "name*=utf-8''%C3%A9", "", " ", "\t", "Tue, 12 Jan 2027 10:00:00"),
        *("-0500", "<1@example.org>", "mailto:a@example.org?subject=X", "(comment)", "x" * 70),
    ]
)
VALUES = st.lists(WORDS, max_size=8).map(" ".join) | st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=120
)


@given(name=NAMES, value=VALUES, narrow=st.booleans())
def test_a_header_is_written_as_the_library_writes_it(name: str, value: str, narrow: bool) -> None:
    written = []
    for policy in (THEIRS, OURS):
        message = EmailMessage(policy=policy.clone(max_line_length=NARROW) if narrow else policy)
        try:
            message[name] = value
            written.append(message.as_bytes())
        except Exception as error:  # the library's own slips on odd values are the same ones
            written.append(type(error).__name__.encode())
    assert written[0] == written[1]


def test_it_is_folded_anew_for_another_policy() -> None:
    message = EmailMessage(policy=OURS)
    message["Subject"] = "word " * 30
    assert b"\r\n " not in message.as_bytes().strip()
    assert b"\r\n " in message.as_bytes(policy=OURS.clone(max_line_length=NARROW)).strip()


@pytest.mark.parametrize("name", ["subject", "X-STRANGE"])
def test_a_name_is_written_as_it_was_given(name: str) -> None:
    message = EmailMessage(policy=OURS)
    message[name] = "Hello"
    assert message.as_bytes().startswith(f"{name}: Hello\r\n".encode())


DOMAINS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,9}){0,3}", fullmatch=True)


@given(
    name=st.sampled_from(["Message-ID", "X-Overlap-Notice", "In-Reply-To", "References"]),
    number=st.integers(0, 2**128 - 1),
    domain=DOMAINS,
)
def test_a_number_of_ours_is_written_as_if_it_had_been_parsed(
    name: str, number: int, domain: str
) -> None:
    _written_alike(name, f"<{number:032x}@{domain}>")


@pytest.mark.parametrize("kind", ["mixed", "alternative", 'related; type="text/html"'])
def test_so_are_parts_and_they_are_found_again(kind: str) -> None:
    message = _written_alike("Content-Type", f'multipart/{kind}; boundary="=_0123abcdef_1"')
    assert message.get_boundary() == "=_0123abcdef_1"
    assert message.get_content_type() == f"multipart/{kind.partition(';')[0]}"


def _written_alike(name: str, value: str) -> EmailMessage:
    theirs, ours = EmailMessage(policy=THEIRS), EmailMessage(policy=OURS)
    theirs[name], ours[name] = value, known(name, value)
    assert ours.as_bytes() == theirs.as_bytes()
    assert ours[name] == theirs[name] == value
    return ours


@pytest.mark.parametrize("value", ["", "<a@exämple.org>", "two\r\nlines", "a\tb", "x" * 300])
def test_what_does_not_fit_a_line_as_it_is_is_parsed(value: str) -> None:
    assert type(known("Subject", value)) is str
