"""Pictures in mails: drawn from a notice's own numbers, shown from inside the mail by their cid.

A picture says nothing that the mail does not say in words, and has no text in it. It is drawn at
twice its size, on a light card of its own, so that dark screens keep it readable.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mentoring.notices import Notice
from mentoring.summary import BACK, SummaryNotice, Week

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 552, 160
"""CSS pixels; a card of a mail is 552 wide inside."""
_SCALE = 2
_MARGIN, _BAND_CAP, _LINE = 16, 10, 3
_HATCH_STEP, _HATCH_LINE, _DASH = 16, 5, 8
_BAR = 0.6
"""The part of its week that a bar is wide."""
_LEAST_TOP, _MOST_LINES = 2, 8
_PALETTE = ("#ffffff", "#d2d6dc", "#fdebc8", "#8a5a00", "#0b5394", "#52606d")
_EFFORT = 6
"""Of zlib's nine: the last three take four times as long, for a tenth less."""
_CARD, _GRID, _BAND, _CAP, _INK, _AXIS = range(len(_PALETTE))


@dataclass(frozen=True)
class Picture:
    """A PNG with the size to show it in, in CSS pixels. `step`: hours between its lines."""

    cid: str
    png: bytes
    width: int
    height: int
    step: int


def pictures_of(notice: Notice) -> tuple[Picture, ...]:
    """The pictures that a notice's templates may show; the same notice gives the same bytes."""
    if not isinstance(notice, SummaryNotice):
        return ()
    mark = hashlib.sha256(notice.key.encode()).hexdigest()[:16]
    return tuple(
        Picture(f"weeks-{number}.{mark}", weeks_png(s.weeks), WIDTH, HEIGHT, _step(s.weeks))
        for number, s in enumerate(notice.sections, 1)
    )


def _top(weeks: Sequence[Week]) -> int:
    """The hours that the picture is high."""
    return max(_LEAST_TOP, *(-(-(week.held + week.planned) // 60) for week in weeks))


def _step(weeks: Sequence[Week]) -> int:
    return -(-_top(weeks) // _MOST_LINES)


@lru_cache(maxsize=64)
def weeks_png(weeks: tuple[Week, ...]) -> bytes:
    """Bars of duty hours, a week each: held ones full, planned ones hatched, deadlines banded."""
    # Here and not above: only a mail with a picture pays for the library.
    from PIL import Image, ImageDraw

    size = (WIDTH * _SCALE, HEIGHT * _SCALE)
    image = Image.new("P", size, _CARD)
    image.putpalette(bytes.fromhex("".join(colour[1:] for colour in _PALETTE)))
    _draw(ImageDraw.Draw(image), size, weeks)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_EFFORT)
    return file.getvalue()


def _draw(draw: ImageDraw, size: tuple[int, int], weeks: Sequence[Week]) -> None:
    wide, high = size
    left, ground = _MARGIN, high - _MARGIN
    column = (wide - 2 * _MARGIN) / len(weeks)
    hour = (ground - 2 * _MARGIN - _BAND_CAP) / _top(weeks)
    for number, week in enumerate(weeks):
        if week.has_deadline:
            x, end = _whole(left + number * column, left + (number + 1) * column)
            draw.rectangle((x, _MARGIN, end, ground), fill=_BAND)
            draw.rectangle((x, _MARGIN, end, _MARGIN + _BAND_CAP), fill=_CAP)
    for hours in range(0, _top(weeks) + 1, _step(weeks)):
        y = round(ground - hours * hour)
        draw.line((left, y, wide - _MARGIN, y), fill=_GRID if hours else _AXIS, width=_LINE)
    _dashed(draw, round(left + BACK * column), _MARGIN, ground)
    for number, week in enumerate(weeks):
        middle = left + (number + 0.5) * column
        x, end = _whole(middle - _BAR * column / 2, middle + _BAR * column / 2)
        held = round(ground - week.held / 60 * hour)
        if week.held:
            draw.rectangle((x, held, end, ground), fill=_INK)
        if week.planned:
            _hatched(draw, (x, round(held - week.planned / 60 * hour), end, held))
    draw.rectangle((0, 0, wide - 1, high - 1), outline=_GRID, width=_SCALE)


def _whole(start: float, end: float) -> tuple[int, int]:
    return round(start), round(end)


def _dashed(draw: ImageDraw, x: int, top: int, bottom: int) -> None:
    for y in range(top, bottom, 2 * _DASH):
        draw.line((x, y, x, min(y + _DASH, bottom)), fill=_AXIS, width=_LINE)


def _hatched(draw: ImageDraw, box: tuple[int, int, int, int]) -> None:
    """A framed box with rising lines, each cut off at the frame."""
    x, y, end, bottom = box
    draw.rectangle(box, fill=_CARD)
    for rise in range(y + _HATCH_STEP, bottom + end - x, _HATCH_STEP):
        # From the left or lower side up to the right or upper one, at 45 degrees.
        start = (x, rise) if rise <= bottom else (x + rise - bottom, bottom)
        stop = (x + rise - y, y) if rise - y <= end - x else (end, rise - (end - x))
        draw.line((start, stop), fill=_INK, width=_HATCH_LINE)
    draw.rectangle(box, outline=_INK, width=_LINE + 1)
