"""The tutorials as they are committed: whole, small, and with nothing in them that is the author's business alone.

That they still run, and still print what they quote, is shown by nbval (``python -m pytest notebooks``).
"""

from __future__ import annotations

import getpass
import json
import re
import socket
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.skipif(not TUTORIALS, reason="these tests look at a checkout")

_DATA = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+")


@pytest.fixture(params=TUTORIALS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    return found


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def written(notebook):
    """All that a person or a machine would read in it, pictures and sounds left out."""
    plain = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in code(plain):
        for output in cell.outputs:
            if "data" in output:
                output.data = {kind: value for kind, value in output.data.items() if kind.startswith("text/")}
    return _DATA.sub("data:…", json.dumps(plain, ensure_ascii=False))


def test_it_was_run_from_top_to_bottom(notebook):
    """The cells are numbered 1, 2, 3, …, and none of them failed."""
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
    assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"]


def test_it_is_small(path):
    """A reader's browser and a repository's history both carry it."""
    assert path.stat().st_size <= 1_000_000


def test_it_is_short(notebook):
    """A first tutorial is read in one sitting: few cells, few lines in each."""
    assert len(code(notebook)) <= 15
    assert max(len(cell.source.splitlines()) for cell in code(notebook)) <= 4


def test_it_keeps_no_widget_state_and_no_times(notebook):
    """What differs from run to run, and says nothing, is not committed."""
    assert "widgets" not in notebook.metadata
    assert not [cell for cell in notebook.cells if "execution" in cell.metadata]
    assert notebook.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert notebook.metadata.language_info == {
        "file_extension": ".py",  # what nbconvert --to script writes
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    }


def test_it_tells_nothing_of_the_machine_that_ran_it(notebook):
    """No folder, host, user, port, key, task id, or date of whoever ran it last."""
    text = written(notebook)
    for own in (
        str(Path.home()),
        str(ROOT),
        tempfile.gettempdir() + "/",
        socket.gethostname(),
        f"/{getpass.getuser()}/",
    ):
        assert own not in text
    for pattern in (
        r"127\.0\.0\.1|localhost:\d",
        r"\bsk_[\w-]{8}",
        r"\b[0-9a-f]{16,}\b",
        r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d",
        r"/(?:home|root|tmp|Users|private|var)/",
        r"[A-Z]:\\\\",
    ):
        assert re.findall(pattern, text) == []


def test_it_needs_no_key_and_no_other_machine(notebook):
    """Its code names no live service, no key, and no address."""
    source = "\n".join(cell.source for cell in code(notebook))
    assert not re.search(r"api_key|https?://|getpass|sandbox=False|connect\(['\"]", source)


class _Tags(HTMLParser):
    """Every start tag of a piece of HTML, with its attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_what_it_shows_survives_without_a_kernel(notebook):
    """Each clip is static HTML with its sound inside: no script, no widget, and nothing to fetch from elsewhere."""
    sounds = 0
    for cell in code(notebook):
        for output in cell.outputs:
            assert not [kind for kind in output.get("data", {}) if "javascript" in kind or "widget" in kind]
            tags = _Tags()
            tags.feed(output.get("data", {}).get("text/html", ""))
            for tag, attributes in tags.found:
                assert tag not in {"script", "iframe", "object", "link"}
                assert attributes.get("src", "data:").startswith("data:")
                sounds += tag == "audio"
    assert sounds


def test_it_names_what_it_writes(notebook):
    """``voicenb lab --check`` looks for the files that the metadata names; a cell saves each, and git ignores them."""
    source = "\n".join(cell.source for cell in code(notebook))
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    for name in notebook.metadata["voicenb"]["writes"]:
        assert any(f'{how}("{name}"' in source for how in ("save", "report"))
        assert f"notebooks/{Path(name).stem}.*" in ignored


def test_quoted_outputs_are_compared():
    """nbval compares at least the cells whose text the reader is told about."""
    first = nbformat.read(TUTORIALS[0], as_version=4)
    checked = [cell for cell in code(first) if "nbval-check-output" in cell.metadata.get("tags", [])]
    assert len(checked) >= 3
