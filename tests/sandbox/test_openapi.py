"""The service's own OpenAPI descriptions, exercised by schemathesis against a running sandbox.

Checks that are left out, each with its reason:

- ``negative_data_rejection``, ``positive_data_acceptance``, ``ignored_auth``: they read the HTTP status, which is 200 for every
  answer of this service. The first two run on the envelope's ``code`` put in its place; the third is held by
  ``test_sandbox_doors.py`` for every route.
- ``missing_required_header``: the same; and the only required header is the key's.

What a description leaves to its prose (URL forms, languages, lengths, pauses, subtitles that must be on, ids that must exist)
is put right before a request goes out.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path

import pytest

schemathesis = pytest.importorskip("schemathesis")
import yaml  # noqa: E402  comes with schemathesis
from hypothesis import HealthCheck, settings  # noqa: E402
from sandbox_process import copy_of, running  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
)

DESCRIPTIONS = Path(__file__).resolve().parents[3] / "shared" / "services"
EXCLUDED = [ignored_auth, missing_required_header, negative_data_rejection, positive_data_acceptance]

if not DESCRIPTIONS.is_dir():
    pytest.skip("the services' descriptions are not beside the checkout", allow_module_level=True)

pytestmark = [pytest.mark.contract, pytest.mark.slow]

CREATE = ("POST", "/api/open-api/v1/soundCloning/clones")
SPEAK = ("POST", "/api/open-api/v1/soundCloning/audios")


@pytest.fixture(scope="module")
def server(tmp_path_factory, sandbox, voice):
    """A sandbox of its own, so that what is still queued at the end ends with it; ada's voice is in its books."""
    with running(copy_of(sandbox, tmp_path_factory.mktemp("contract") / "home")) as server:
        yield server


def described():
    """The three descriptions as one."""
    whole = {"paths": {}, "components": {"schemas": {}, "securitySchemes": {}}}
    for path in sorted(DESCRIPTIONS.glob("soundclone-*.openapi.yaml")):
        part = yaml.safe_load(path.read_text(encoding="utf-8"))
        whole["paths"] |= part["paths"]
        for kind, found in part["components"].items():
            whole["components"][kind] |= found
        whole = part | whole
    assert len(whole["paths"]) == 3
    return schemathesis.openapi.from_dict(whole)


contract = described()


@contract.parametrize()
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_keeps_to_the_description(case, server, voice):
    """Status, content type, headers and body of every answer; and what is refused and accepted is so by its code."""
    accepted = case.meta.generation.mode.is_positive
    operation = (case.method, case.path)
    put_right(case, operation, voice)
    response = case.call_and_validate(
        base_url=server.url, headers={"Authorization": f"Bearer {server.key}"}, excluded_checks=EXCLUDED
    )
    if case.method != case.operation.method.upper():
        assert response.status_code == 405
        return
    said = response.json()
    assert ("data" in said) == (said["code"] == 20000)
    if accepted:
        assert said["code"] == 20000, (case.body, said)
    in_words = copy(response)
    in_words.status_code = {20000: 200, 20001: 401, 20002: 400}[said["code"]]
    case.validate_response(in_words, checks=[negative_data_rejection, positive_data_acceptance])


def put_right(case, operation, cloned):
    """Keep to what the prose says and the description cannot, in every field that keeps to its type.

    A request that is to be refused is then refused for what was spoilt, and not for an unknown model or a random URL.
    """
    if operation not in {CREATE, SPEAK}:
        if case.meta.generation.mode.is_positive:
            case.path_parameters["id"] = cloned["id"]
        return
    body = case.body
    if not isinstance(body, dict):
        return
    good = {"fileUrl": "https://example.com/source-audio.mp3", "modelId": cloned["modelId"], "language": "English"}
    for field, value in good.items():
        if isinstance(body.get(field), str):
            body[field] = value
    if body.get("subtitleType") == "word" and body.get("subtitleEnable", False) is False:
        body["subtitleEnable"] = True
    text = body.get("contentText")
    if isinstance(text, str) and (not text.strip() or "<#" in text or len(text) > 270):
        body["contentText"] = "Hello."
