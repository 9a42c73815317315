"""Grants at rest: what a stolen store gives, and how a key is replaced while the service runs."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from integrations.ports import ProviderError
from service.grants import StoredGrants
from service.roster_source import RosterFaults, load
from tests.service.test_run import overlap
from tests.world import DANA, LEE, World

TOKEN = "1//refresh-token-of-lee"
HERS, HIS = f"google:{DANA}", f"google:{LEE}"


def new_key(world: World, name: str) -> None:
    (world.directory / name).write_text(base64.b64encode(os.urandom(32)).decode())


def keyed(world: World, value: str) -> StoredGrants:
    """The grants of the roster, once [store] key reads so."""
    toml = world.directory / "overlap.toml"
    settings, _, _ = toml.read_text().partition("[store]")
    toml.write_text(f"{settings}[store]\nkey = {value}\n")
    return StoredGrants.of(load(world.directory), world.directory, world.engine)


@pytest.fixture
def grants(world: World) -> StoredGrants:
    new_key(world, "old")
    new_key(world, "new")
    grants = keyed(world, '"file:old"')
    grants.save(HIS, TOKEN)
    return grants


def on_disk(world: World) -> bytes:
    return b"".join(path.read_bytes() for path in world.directory.glob("overlap.db*"))


def test_a_stolen_store_gives_no_token(world: World, grants: StoredGrants) -> None:
    stolen = on_disk(world)
    assert HIS.encode() in stolen  # the rows are in what was looked at
    for form in (TOKEN.encode(), base64.b64encode(TOKEN.encode()), TOKEN.encode().hex().encode()):
        assert form not in stolen
    assert (world.directory / "old").read_bytes() not in stolen
    assert base64.b64decode((world.directory / "old").read_text()) not in stolen
    with pytest.raises(ProviderError, match="sealed with another key"):
        keyed(world, '"file:new"').load(HIS)
    with pytest.raises(ProviderError, match="is not set"):
        StoredGrants(world.engine, (), world.directory).load(HIS)


def test_rows_swapped_between_owners_do_not_open(world: World, grants: StoredGrants) -> None:
    grants.save(HERS, "1//refresh-token-of-dana")
    with world.engine.begin() as connection:
        connection.execute(text("UPDATE grants SET account = 'x' WHERE account = :a"), {"a": HIS})
        connection.execute(
            text("UPDATE grants SET account = :b WHERE account = :a"), {"a": HERS, "b": HIS}
        )
        connection.execute(text("UPDATE grants SET account = :a WHERE account = 'x'"), {"a": HERS})
    for account in (HERS, HIS):
        with pytest.raises(ProviderError, match="sealed with another key"):
            grants.load(account)


def test_a_key_is_replaced_without_a_consent_lost(world: World, grants: StoredGrants) -> None:
    both = keyed(world, '["file:new", "file:old"]')
    assert both.load(HIS) == TOKEN
    before = overlap(world, "check")
    assert "store key: 1 grants wait for the newest key" in before.stdout
    assert overlap(world, "once").returncode == 0  # a pass seals them anew
    after = overlap(world, "check")
    assert "store key: every grant is sealed with the newest key" in after.stdout
    assert both.reseal() == 0
    (world.directory / "old").unlink()
    alone = keyed(world, '"file:new"')
    assert alone.load(HIS) == TOKEN
    alone.save(HERS, "another")
    assert alone.load(HERS) == "another"


def test_what_no_key_opens_stays_as_it_is(world: World, grants: StoredGrants) -> None:
    new_key(world, "other")
    assert keyed(world, '["file:new", "file:other"]').reseal() == 0
    assert keyed(world, '"file:old"').load(HIS) == TOKEN


def test_a_key_comes_by_a_systemd_credential(
    world: World, grants: StoredGrants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (world.directory / "old").rename(credentials / "store-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert keyed(world, '"credential:store-key"').load(HIS) == TOKEN


@pytest.mark.parametrize("value", ['"c2VjcmV0"', '["file:new", "c2VjcmV0"]', "[[]]", "7"])
def test_a_key_in_the_file_itself_is_refused_and_not_repeated(world: World, value: str) -> None:
    with pytest.raises(RosterFaults) as refused:
        keyed(world, value)
    assert "overlap.toml:" in str(refused.value)
    assert "store.key" in str(refused.value)
    assert "c2VjcmV0" not in str(refused.value)
