"""Whose answer is believed, and out of which inbox."""

from __future__ import annotations

from datetime import timedelta

from tests.demo.partners import answer_mail
from tests.service.test_road import MONDAY, invited
from tests.world import DANA, LEE, World, event_in


def test_another_inbox_is_read_from_its_beginning(world: World) -> None:
    for_dana, for_lee = invited(world)
    world.reply(DANA, for_dana, "ACCEPTED", MONDAY)
    world.step(MONDAY + timedelta(hours=1))
    path = world.directory / "overlap.toml"
    path.write_text(path.read_text().replace("maildir:inbox", "maildir:other"))
    world.reply(LEE, for_lee, "ACCEPTED", MONDAY)
    (world.directory / "inbox").rename(world.directory / "other")
    assert world.step(MONDAY + timedelta(hours=2)).counts["confirmed"] == 1


def test_nobody_answers_in_anothers_name(world: World) -> None:
    for_dana, _ = invited(world)
    forged = answer_mail(DANA, event_in(for_dana), "REPLY", "DECLINED", MONDAY)
    world.drop(forged.replace(f"From: {DANA}".encode(), b"From: mallory@example.net"))
    assert world.step(MONDAY + timedelta(hours=1)).counts["reproposed"] == 0
    world.drop(forged)
    assert world.step(MONDAY + timedelta(hours=2)).counts["reproposed"] == 1
