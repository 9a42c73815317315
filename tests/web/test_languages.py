"""Every page over a real socket, to one who reads Spanish and to one whose language we lack."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from service.templates import shipped, split_name
from tests.service.test_languages import TWINS, phrases
from tests.web.office import Office, hidden
from tests.web.sights import Sight, agenda, every_page


def speaking(office: Office, language: str) -> None:
    people: Path = office.world.directory / "people.csv"
    header, *rows = people.read_text().splitlines()
    lines = [f"{header},language", *(f"{row},{language}" for row in rows)]
    people.write_text("\n".join(lines) + "\n")


def text_of(page: str) -> list[str]:
    """What a reader sees, piece by piece."""
    body = re.sub(r"(?s)<style>.*?</style>", "", page)
    pieces = (piece.strip(" .,:;()\n") for piece in re.split(r"<[^>]*>", body))
    return [piece for piece in pieces if piece]


ENGLISH = {
    phrase
    for name in TWINS
    if (base := split_name(name)[0]) in shipped().sources
    for phrase in phrases(base) - phrases(name)
}


NOT_THEIRS = ("trouble", "approve", "deadline")
"""Opened by nobody whom we know, and by supervisors, who have no language in the files."""


@every_page
def test_a_page_is_in_its_readers_language(sight: Sight, office: Office) -> None:
    speaking(office, "es-MX")
    answer = httpx.get(sight.link(office))
    assert answer.status_code == sight.status
    if sight.page in NOT_THEIRS:
        assert '<html lang="en" dir="ltr">' in answer.text
        return
    assert '<html lang="es-MX" dir="ltr">' in answer.text
    assert not ENGLISH & set(text_of(answer.text))
    assert "¿Tienes preguntas? Escribe a" in text_of(answer.text)


@every_page
def test_a_language_that_is_missing_reads_english_dates_and_all(
    sight: Sight, office: Office
) -> None:
    speaking(office, "fr")
    page = httpx.get(sight.link(office)).text
    assert '<html lang="en" dir="ltr">' in page
    assert not re.search(r"\b(lun|mar|mer|jeu|ven|janv|févr)\b", " ".join(text_of(page)))


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_fault_in_a_form_is_told_in_the_readers_language(office: Office, language: str) -> None:
    speaking(office, language)
    url = agenda(office)
    form = hidden(httpx.get(url).text)
    answer = httpx.post(url, data={"form": form, "kind": "item", "text": " "})
    told = {"en": "Write what you want to talk about.", "es": "Escribe de qué quieres hablar."}
    assert told[language] in answer.text
    stranger = httpx.post(url, data={"form": "x", "text": "Budget"})
    why = {"en": "this form is not ours", "es": "este formulario no es nuestro"}
    assert (stranger.status_code, why[language] in stranger.text) == (403, True)
