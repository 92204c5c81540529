"""What the tests of studies share: a study of four cells, what the sandbox was paid for, and a ledger that forgets."""

from __future__ import annotations

import voicenb as vn

TEXTS = ["Hello there.", "We meet at noon."]


def study(voice, **options):
    return vn.Study(voice, **({"text": TEXTS, "speed": [1, 1.25], "takes": 1, "name": "tempo"} | options))


def charged(home):
    """What the books say that was made in the shared sandbox, speech alone."""
    return [one for one in vn.sandbox.books(home=home) if one["kind"] == "production"]


def forget_measures(studio):
    """The ledger no longer knows what was measured."""
    database = studio.session.ledger._database

    def forget():
        with database.change() as db:
            db.execute("DELETE FROM measurements")

    database.write(forget).result()
