"""Ten thousand characters, with and without punctuation."""

from __future__ import annotations

import itertools

import pytest
import soundfile
from held_memory import most_memory

from tests.engine.conftest import PASSAGE, run
from voicenb.sandbox.engine.workers.pool import Pool

WORDS = itertools.cycle(PASSAGE.replace(".", "").lower().split())
UNPUNCTUATED = " ".join(itertools.islice(WORDS, 2200))[:10_000]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        pytest.param((PASSAGE + " ") * 80, id="sentences"),
        pytest.param(UNPUNCTUATED, id="no punctuation"),
        pytest.param("x" * 10_000, id="one word"),
        pytest.param("7 " * 500, id="figures"),
    ],
)
def test_long_text_in_bounded_memory(cache, tmp_path, text):
    """It is spoken whole, with rising progress, in a worker of at most 700 MB."""
    text = text[:10_000]

    async def scenario() -> None:
        pool = Pool(cache, 1)
        await pool.speaker("ada", tmp_path / "ada.wav")
        await pool.enrol(tmp_path / "ada.wav", tmp_path / "ada.npz")
        shares: list[float] = []
        answer = await pool.speak(text, tmp_path / "long.wav", profile=tmp_path / "ada.npz", progress=shares.append)
        (worker,) = pool._workers
        assert most_memory(worker.pid) < 700_000 * 1024
        await pool.close()
        assert shares == sorted(shares)
        assert shares[-1] == 1
        assert len(shares) >= 10
        covered = sum(word["end_at"] - word["begin"] for word in answer["words"])
        assert covered >= 0.98 * sum(not character.isspace() for character in text)
        assert soundfile.info(tmp_path / "long.wav").duration == pytest.approx(answer["seconds"], abs=0.001)
        assert answer["seconds"] > 120

    run(scenario())
