"""Charges, refunds and balances, to the last millionth. Nothing here needs the voice."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sandbox_process import API

FAR = "https://example.com/a.mp3"
PER_CHARACTER = Decimal("0.00005")

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def exact(answer):
    """The answer's data with its numbers as the decimals that its text shows."""
    return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["data"]


def balance(sandbox, whose="user"):
    return exact(sandbox.client.get(f"{API}/{whose}/balance"))


def test_what_cannot_be_fetched_is_charged_then_failed_then_refunded(sandbox):
    """A well-formed URL elsewhere is accepted; the task says that only loopback is fetched; nothing is lost."""
    before = balance(sandbox)
    submitted = sandbox.submit("clones", {"fileUrl": FAR, "contentText": "Twenty characters ok"})
    data = sandbox.finished(submitted)
    assert data["status"] == "failed"
    assert "loopback" in data["error"]
    assert set(data) == {"id", "object", "created", "model", "status", "error"}
    entry = sandbox.books()[data["id"]]
    assert (entry["charge"], entry["refund"]) == (0.001, 0.001)
    assert entry["charges"] == {"sound-cloning-clone": 0.001}
    assert balance(sandbox) == before


def test_the_query_says_when_to_ask_again_until_it_is_final(sandbox):
    """X-Poll-After is on submissions and open tasks, in seconds."""
    answer = sandbox.client.post(f"{API}/soundCloning/clones", json={"fileUrl": FAR})
    assert 0.05 <= float(answer.headers["X-Poll-After"]) <= 0.3
    sandbox.finished(answer.json())
    assert "X-Poll-After" not in sandbox.query(answer.json()["data"]["id"]).headers


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip), st.integers(0, 3))
@some
def test_characters_are_code_points_without_pause_marks(sandbox, text, pauses):
    """Emoji and combining marks count one each; the marks count nothing."""
    text = text.replace("<#", "").replace("#>", "")
    said = f"a{text}b" + "".join(f"<#{n}.5#>c" for n in range(pauses))
    submitted = sandbox.submit("clones", {"fileUrl": FAR, "contentText": said})
    assert submitted["code"] == 20000, submitted
    entry = sandbox.books()[submitted["data"]["id"]]
    assert entry["characters"] == len(text) + 2 + pauses
    assert Decimal(str(entry["charge"])) == (len(text) + 2 + pauses) * PER_CHARACTER


def test_the_default_line_counts(sandbox):
    """44 characters when contentText is left out."""
    submitted = sandbox.submit("clones", {"fileUrl": FAR})
    assert sandbox.books()[submitted["data"]["id"]]["characters"] == 44


def test_a_balance_that_does_not_cover_it_is_refused_before_anything(launch):
    """20003 in words with both amounts; no task, no charge; the exact amount is enough."""
    with launch() as server:
        body = {"fileUrl": FAR, "contentText": "x" * 200}
        server.set_balance(0.009999)
        said = server.submit("clones", body)
        assert said["code"] == 20003
        assert "0.01 " in said["msg"]
        assert "0.009999" in said["msg"]
        assert set(said) == {"code", "msg"}
        assert server.books() == {}
        assert balance(server)["available"] == Decimal("0.009999")
        server.set_balance(0.01)
        assert server.finished(server.submit("clones", body))["status"] == "failed"
        assert balance(server) == {"balance": Decimal("0.01"), "used_coin": 0, "available": Decimal("0.01")}


def test_amounts_are_exact_decimals(launch):
    """A thousand small charges sum without a trace of binary fractions."""
    with launch() as server:
        server.set_balance(0.3)
        assert balance(server)["available"] == Decimal("0.3")
        for amount in ("0.000001", "99.98225", "123456789.987654", "1000000000"):
            content = json.dumps({"balance": 0}).replace("0", amount)
            answer = server.client.post(
                "/sandbox/account", content=content, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 200
            assert balance(server)["balance"] == Decimal(amount)
            assert balance(server, "key") == balance(server)


def test_the_first_balance_covers_a_thousand_calls(launch):
    """A production call of 800 characters costs 0.09."""
    with launch() as server:
        assert balance(server)["available"] == 100
        assert 1000 * (800 * 2 * PER_CHARACTER + Decimal("0.01")) <= 100


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("sound-cloning", ["sound-cloning-clone", "sound-cloning-audio", "sound-cloning-voice"]),
        ("", ["sound-cloning-clone", "sound-cloning-audio", "sound-cloning-voice"]),
        ("sound-cloning-audio", ["sound-cloning-audio"]),
        ("VOICE", ["sound-cloning-voice"]),
        ("nothing like it", []),
    ],
)
def test_the_catalogue_needs_no_key(sandbox, search, found):
    """Its items carry a price mode and a unit price."""
    answer = sandbox.client.get("/api/openapi/model/catalog", params={"search": search}, headers={"Authorization": ""})
    items = exact(answer)["list"]
    assert [item["model_name"] for item in items] == found
    prices = {"sound-cloning-clone": "0.5", "sound-cloning-audio": "1", "sound-cloning-voice": "0.01"}
    for item in items:
        assert Decimal(item["price"]) == Decimal(prices[item["model_name"]])
        assert item["price_mode"] == ("per_task" if item["model_name"] == "sound-cloning-voice" else "per_10k_char")
