"""A worker process of the engine: `python -m voicenb.sandbox.engine.workers.worker CACHE`.

It reads a job a line of JSON from its standard input and answers on its standard output, one job after another:
`{"id", "do", …}` → any number of `{"id", "progress"}`, then `{"id", "result"}` or `{"id", "error"}`. When its
input closes — its owner ended, however — it exits at once, so that nothing is left behind.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from voicenb.sandbox.engine.errors import EngineError

if TYPE_CHECKING:
    from voicenb.sandbox.engine.synthesis.engine import Engine

_PATHS = ("source", "target", "profile")


def main() -> None:
    """Serve jobs until the input closes."""
    answers = _private_output()
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    engine: Engine | None = None
    while True:
        job = jobs.get()
        number = job.pop("id")

        def answer(number: Any = number, **said: Any) -> None:
            answers.write(json.dumps({"id": number, **said}) + "\n")
            answers.flush()

        try:
            if engine is None:
                from voicenb.sandbox.engine.synthesis.engine import Engine

                engine = Engine(Path(sys.argv[1]))
            answer(result=_done(engine, job, answer))
        except EngineError as error:
            answer(error=str(error))
        except Exception as error:  # noqa: BLE001 - a defect fails this job, not the worker
            traceback.print_exc()
            answer(error=f"the voice engine failed ({type(error).__name__}: {error})")


def _done(engine: Engine, job: dict[str, Any], answer: Any) -> Any:
    arguments: dict[str, Any] = {
        name: Path(value) if name in _PATHS and value is not None else value for name, value in job.items()
    }
    do = arguments.pop("do")
    if do == "speak":
        return engine.speak(**arguments, progress=lambda share: answer(progress=share))
    return getattr(engine, {"enrol": "enrol", "speaker": "speaker"}[do])(**arguments)


def _private_output() -> IO[str]:
    """The answers' own handle on standard output, which from then on leads to standard error: libraries print."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
