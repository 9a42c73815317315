"""What `forget` and `audit` print for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from service.forget import Account, until


def account_lines(account: Account) -> Iterator[str]:
    who = account.person
    if account.again:
        yield f"{who} was forgotten before: there is nothing more."
    else:
        yield f"{who} is forgotten."
        yield from _told(account)
        yield from _sent(account)
        yield from _grants(account)
        yield "What remains: how many meetings and mails there were, naming nobody."
    yield from _elsewhere(account)


def _told(account: Account) -> Iterator[str]:
    if not account.told:
        yield "Nobody had been told anything, as far as is kept."
        return
    yield "Who had been told what of them, or to them, and when:"
    for said in account.told:
        yield f"  {said.at:%Y-%m-%d %H:%M} UTC  {said.kind}  {said.recipient}"


def _sent(account: Account) -> Iterator[str]:
    if account.called_off:
        word = "meeting is" if account.called_off == 1 else "meetings are"
        yield f"{account.called_off} {word} called off."
    if account.waiting:
        yield (
            "Cancellations go out in their readers' hours. What they need is kept until then, and "
            "removed by the running service, or by `once`."
        )


def _grants(account: Account) -> Iterator[str]:
    for name in account.revoked:
        yield f"The access to {name} is given back."
    for name in account.theirs_to_revoke:
        yield (
            f"The access to {name} is deleted here, but still stands there. "
            "They must withdraw it in their account's settings."
        )


def _elsewhere(account: Account) -> Iterator[str]:
    yield "What this can't reach: mails in other people's mailboxes, and entries in calendars."
    if account.mail_folder:
        yield f"Mails in the folder {account.mail_folder} are such a mailbox."
    for path, made in account.backups:
        yield f"{path} still holds them. It is deleted on {until(made):%Y-%m-%d}, or by you now."
    yield "Your own backups hold them as long as you keep those."
    if not account.scrubbed:
        yield (
            "The store is in use, so deleted pages are not overwritten yet. The service does it; "
            "or run this again."
        )


def audit_lines(document: dict[str, Any]) -> Iterator[str]:
    if person := document["person"]:
        yield f"{person['pseudonym']} is {person['address']}"
    for entry in document["entries"]:
        yield f"{entry['number']:>6}  {entry['at']}  {_what(entry)}"
    kinds = Counter(entry["what"] for entry in document["entries"])
    yield ", ".join(f"{what} {number}" for what, number in sorted(kinds.items())) or "no rows"
    whole = "whole" if document["whole"] else "BROKEN"
    yield f"{document['rows']} rows, {whole}; it ends at {document['head']}"


def _what(entry: dict[str, Any]) -> str:
    about = f" ({', '.join(entry['about'])})" if entry["about"] else ""
    if entry["what"] == "act":
        return f"{entry['who'] or 'command line'}: {entry['kind']}{about}"
    doubt = "may have been told" if entry["what"] == "unknown" else "was told"
    return f"{entry['who']} {doubt}: {entry['kind']}"
