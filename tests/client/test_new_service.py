"""A fourth service is one file and one entry point: that of the documentation, installed and spoken with."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from added_packages import install
from wire import answer

import voicenb as vn
from voicenb import services

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = "http://127.0.0.1:9/me.wav"


@pytest.fixture
def parrot(tmp_path, monkeypatch):
    """The service, as a package's installer leaves it."""
    name = install(
        (DOCS / "new-service.md").read_text("utf-8"),
        (DOCS / "new_service.py").read_text("utf-8"),
        tmp_path,
        monkeypatch,
    )
    caches = (services._found, services.get)
    for cache in caches:
        cache.cache_clear()
    yield name
    for cache in caches:
        cache.cache_clear()


def test_one_file_and_one_entry_point_make_a_service(parrot, wire, ada, tmp_path):
    """It is connected to, checked, priced, spoken with, kept and listed as any other."""
    assert parrot in services.names()
    table = services.get(parrot).parameters()
    assert set(table["wire"]) == {"line", "rate", "sample"}

    wire.script |= {
        "/speak": answer({"id": "t1", "state": "pending"}),
        "/speak/t1": [
            answer({"id": "t1", "state": "processing"}),
            answer({"id": "t1", "state": "completed", "url": f"{wire.url}/t1.wav"}),
        ],
        "/t1.wav": answer(Path(ada).read_bytes(), headers={"Content-Type": "audio/wav"}),
    }
    with vn.connect(parrot, base_url=wire.url, api_key="k", home=tmp_path, prices={"character": "0.01"}) as studio:
        voice = studio.clone(REFERENCE, name="me", quiet=True)
        with pytest.raises(vn.InvalidRequest, match=r"speed: 3 was given; allowed is a number from 0\.5 to 2 ×"):
            voice.say("Hello.", speed=3)
        assert studio.price(voice, "Hello.").amount == Decimal("0.06")
        clip = voice.say("Hello.", rate=1.5, quiet=True)
        assert clip.data == Path(ada).read_bytes()
        assert clip.task.cost == Decimal("0.06")
        sent = json.loads(next(one.body for one in wire.seen if one.path == "/speak"))
        assert sent == {"line": "Hello.", "rate": 1.5, "sample": REFERENCE, "note": clip.task.id}
        row = studio.history.frame().iloc[0]
        assert (row["service"], row["remote_id"], row["speed"], row["unit"]) == (parrot, "t1", 1.5, "USD")
        with pytest.raises(vn.ServiceError, match="parrot documents no call for the balance"):
            studio.balance()
