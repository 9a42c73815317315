"""`python -m tests.audit`: are versions that we run with known to be vulnerable?

It asks the public service OSV about each line of requirements.lock: names and versions go there,
nothing else. The exit status is 1 where it knows of a vulnerability. Where it gives no answer,
nothing is known, and that is said; with `--must` it is a failure as well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

import httpx

from tests.locks import Pin, pins

URL = "https://api.osv.dev/v1/querybatch"
LOCK = "requirements"
ACCEPTED: Mapping[str, str] = {}
"""Vulnerabilities that do not reach us, by their ids, each with the reason."""
_SECONDS = 10.0


class UnansweredError(Exception):
    """Why nothing is known."""


def known(asked: Sequence[Pin]) -> dict[Pin, list[str]]:
    """The ids of the vulnerabilities of each, accepted ones left out.

    https://google.github.io/osv.dev/post-v1-querybatch/ - answers are in the order of the queries.
    """
    queries = [
        {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version}
        for pin in asked
    ]
    try:
        answer = httpx.post(URL, json={"queries": queries}, timeout=_SECONDS).raise_for_status()
        results = answer.json()["results"]
        found = [[str(each["id"]) for each in result.get("vulns", ())] for result in results]
    except httpx.HTTPStatusError as error:
        raise UnansweredError(f"the service answers {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise UnansweredError(f"the service can't be reached ({type(error).__name__})") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnansweredError("what answers is not the service") from error
    if len(found) != len(asked):
        raise UnansweredError("the service left some out")
    new = ([each for each in ids if each not in ACCEPTED] for ids in found)
    return {pin: ids for pin, ids in zip(asked, new, strict=True) if ids}


def main(words: Sequence[str]) -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.audit")
    arguments.add_argument("--must", action="store_true", help="fail without an answer")
    must = arguments.parse_args(words).must
    asked = pins(LOCK)
    try:
        found = known(asked)
    except UnansweredError as error:
        _say(
            f"known vulnerabilities: NOT ASKED, {error}; run `make audit` where there is a network"
        )
        return int(must)
    for pin, ids in found.items():
        named = f"{pin.name} {pin.version} has {', '.join(ids)}"
        _say(f"{LOCK}.lock: {named}; raise it, or say in tests/audit.py why it is accepted")
    _say(f"known vulnerabilities: {len(asked)} packages asked about, {len(found)} have some")
    return int(bool(found))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
