"""The history as files: tables, and the sounds of many tasks as one archive."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.files import file_name, write_atomically
from voicenb.base.frames import rows_of
from voicenb.errors import InvalidRequest, VoicenbError

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.studio.clip import Clip

__all__ = ["SUFFIXES", "write_sounds", "write_table"]

SUFFIXES = (".csv", ".json", ".parquet", ".zip")
"""What the history is written as."""


def write_table(frame: pd.DataFrame, target: Path) -> Path:
    """Writes `History.frame` as ``.csv``, ``.json`` or ``.parquet``.

    Raises:
        VoicenbError: pyarrow is not installed.
    """
    suffix = target.suffix.lower()
    if suffix == ".csv":
        content = frame.to_csv(index=False).encode()
    elif suffix == ".json":
        rows = [{name: _as_json(value) for name, value in row.items()} for row in rows_of(frame)]
        content = json.dumps(rows, ensure_ascii=False, indent=1).encode()
    else:
        try:
            # Decimal and mixed columns have no common type in parquet; their text is exact.
            texts = {name: "string" for name in frame.columns if frame[name].dtype == object}
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "history.parquet"
                frame.astype(texts).to_parquet(whole, index=False)
                content = whole.read_bytes()
        except ImportError:
            raise VoicenbError("writing .parquet needs pyarrow: `pip install pyarrow`") from None
    return write_atomically(target, content)


def write_sounds(frame: pd.DataFrame, target: Path, clip: Callable[[str], Clip]) -> Path:
    """Writes the sounds of tasks, and their table, as one archive.

    Args:
        frame: As `History.frame` has it.
        target: Where to.
        clip: The clip of a task that has a file, by its id.

    Raises:
        InvalidRequest: None of the tasks has a sound.
    """
    rows = [row for row in rows_of(frame) if row["status"] == "completed" and row["file"]]
    if not rows:
        raise InvalidRequest(
            "none of these tasks has a sound, so there is nothing to put into a .zip; nothing was written"
        )
    digits = len(str(len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "sounds.zip"
        # Sounds are compressed as they are.
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            for number, row in enumerate(rows, 1):
                words = " ".join(str(row["text"] or "").split())[:40]
                name = file_name(" - ".join(filter(None, (f"{number:0{digits}}", row["voice"], words))), "clip")
                sound = clip(str(row["id"]))
                # Saved, and not copied: a saved file says that its voice is synthetic.
                saved = sound.save(Path(folder) / f"sound.{sound.format}")
                archive.write(saved, f"{name}.{sound.format}")
                saved.unlink()
            archive.writestr("history.csv", frame.to_csv(index=False), zipfile.ZIP_DEFLATED)
        return write_atomically(target, whole.read_bytes())


def _as_json(value: Any) -> Any:
    """A value of the frame as JSON has it: moments as ISO text, exact amounts as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.item() if hasattr(value, "item") else value
