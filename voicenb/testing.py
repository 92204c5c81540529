"""A contract test for services: subclass `ServiceContract`, say how to make a studio, and run pytest.

::

    class TestMine(ServiceContract):
        minimal: ClassVar = {
            "preview": {"text": "Hello there, friend."},
            "production": {"voice": "v1", "text": "Hello."},
        }

        @pytest.fixture(scope="class")
        @classmethod
        def studio(cls, tmp_path_factory):
            with voicenb.connect("mine", base_url=…, api_key=…, home=tmp_path_factory.mktemp("home")) as studio:
                yield studio

        @pytest.fixture(scope="class")
        @classmethod
        def reference(cls):
            return "tests/me.wav"

The studio's account is charged: the tests clone one voice and speak a few words in it.
"""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from voicenb import services
from voicenb.base.keys import Secret
from voicenb.base.money import Price
from voicenb.errors import AuthenticationError, InvalidRequest, ServiceError
from voicenb.services.base import Kind, Parameter, ServiceRequest
from voicenb.services.http import Http
from voicenb.studio.connect import connect
from voicenb.studio.studio import Studio
from voicenb.studio.voice import Voice

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ServiceContract"]

_TYPES = {"number", "integer", "text", "switch", "choice"}
_WRONG_KEY = "sk_wrong_canary_5e4d3c2b"


class ServiceContract:
    """What every service is held to.

    Attributes:
        minimal: For each of its calls the least that a request needs, by voicenb's names.
        line: What the tests let a voice say; a service may want more words of a preview.
        parameters: More parameters for the cloning call.
    """

    minimal: ClassVar[Mapping[Kind, Mapping[str, Any]]]
    line: ClassVar[str] = "Hello there, my friend."
    parameters: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def studio(cls) -> Iterator[Studio]:
        """A studio on the service under test; a subclass makes it."""
        raise NotImplementedError("the subclass makes a studio")

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls) -> Path | str:
        """A recording that the service takes; a subclass names it."""
        raise NotImplementedError("the subclass names a recording")

    @pytest.fixture(scope="class")
    @classmethod
    def voice(cls, studio: Studio, reference: Any) -> Voice:
        """A voice, cloned once for the whole class."""
        return studio.clone(
            reference, name="contract", text=cls.line, consent="a contract test", quiet=True, **cls.parameters
        )

    # -- typed requests ----------------------------------------------------------------------------------------

    def _requests(self, studio: Studio) -> dict[Kind, type[ServiceRequest]]:
        return {kind: studio.service.request_type(kind) for kind in self.minimal}

    def _build(self, studio: Studio, kind: Kind, **values: Any) -> ServiceRequest:
        with warnings.catch_warnings():
            # What a service only advises is no matter of the contract.
            warnings.simplefilter("ignore")
            return studio.service.request_type(kind).build({**self.minimal[kind], **values}, strict=True)

    def test_every_parameter_says_what_it_is(self, studio: Studio) -> None:
        """Wire name, help and type of each, and the range of each number: panels and documents are drawn from them."""
        for request in self._requests(studio).values():
            assert request.service == studio.service.profile.id
            for one in request.parameters().values():
                assert one.name.isidentifier()
                assert one.wire
                assert one.help.endswith("."), one
                assert one.type in _TYPES or one.rule, one
                assert one.allowed.startswith("allowed "), one
                if one.type in {"number", "integer"} and not one.choices:
                    assert one.low is not None, one
                    assert one.high is not None, one
                    assert one.low < one.high, one
                if one.choices and one.default is not None:
                    assert one.default in one.choices, one

    def test_the_table_of_parameters_is_the_typed_requests(self, studio: Studio) -> None:
        """``services.get(id).parameters()`` has one row a parameter of each call."""
        table = services.get(studio.service.profile.id).parameters()
        listed = set(zip(table["call"], table["name"], strict=True))
        assert listed >= {(kind, name) for kind, one in self._requests(studio).items() for name in one.parameters()}
        assert (table["help"] != "").all()

    def test_defaults_are_valid_and_the_wire_accepts_its_own_spelling(self, studio: Studio) -> None:
        """A minimal request is valid; under the wire's names, which are accepted, it is the same request."""
        for kind, request in self._requests(studio).items():
            built = self._build(studio, kind)
            known = request.parameters()
            spelled = {known[name].wire: value for name, value in self.minimal[kind].items()}
            assert request.build(spelled, strict=True).wire() == built.wire()
            assert built.changed() == {
                name: getattr(built, name)
                for name in self.minimal[kind]
                if not known[name].required and getattr(built, name) != known[name].default
            }

    def test_ranges_hold_at_their_ends(self, studio: Studio) -> None:
        """The ends of a range are inside (or outside, where the rule says so), the next number beyond is refused."""
        for kind, request in self._requests(studio).items():
            for one in request.parameters().values():
                if one.low is not None and one.high is not None and not one.choices:
                    self._check_end(studio, kind, one, one.low, -1, inside=not one.low_excluded)
                    self._check_end(studio, kind, one, one.high, 1, inside=True)

    def _check_end(self, studio: Studio, kind: Kind, one: Parameter, end: float, way: int, *, inside: bool) -> None:
        whole = one.type == "integer"
        values = {"model": one.models[0]} if one.models else {}
        beyond = end + way if whole else math.nextafter(end, way * math.inf)
        if inside:
            self._build(studio, kind, **values, **{one.name: int(end) if whole else end})
        for outside in (beyond, *(() if inside else (end,))):
            with pytest.raises(InvalidRequest) as caught:
                self._build(studio, kind, **values, **{one.name: outside})
            assert [problem.field for problem in caught.value.problems] == [one.name]

    def test_what_it_does_not_have_is_refused_by_name(self, studio: Studio) -> None:
        """An unknown parameter is an error that names the ones there are."""
        for kind, request in self._requests(studio).items():
            with pytest.raises(InvalidRequest) as caught:
                self._build(studio, kind, wobble=1)
            assert all(name in str(caught.value) for name in request.parameters())

    # -- money -------------------------------------------------------------------------------------------------

    def test_a_price_needs_no_request(self, studio: Studio) -> None:
        """A price follows from the request and the unit prices; an unknown one says how to set it."""
        kind = type(studio.service)
        nowhere = kind(Http(kind.profile.id, "http://127.0.0.1:9", Secret("no-key")))
        for call in self.minimal:
            request = self._build(studio, call)
            bare = nowhere.price(request, {})
            assert isinstance(bare, Price)
            assert bare.amount is not None or "prices={" in bare.rule
            known = nowhere.price(request, dict.fromkeys(kind.profile.price_names, Decimal(1)))
            assert known.amount is not None
            assert known.amount >= 0
            assert known.unit == kind.profile.unit

    # -- the whole way -----------------------------------------------------------------------------------------

    def test_a_recording_becomes_a_voice_that_speaks(self, studio: Studio, voice: Voice) -> None:
        """Clone, say, and the books: one row a paid task, with its cost and its file."""
        assert voice.id
        assert studio.voice("contract").id == voice.id
        assert studio.voice(voice.id).id == voice.id
        price = studio.price(voice, self.line, fresh=True)
        clip = voice.say(self.line, fresh=True, quiet=True)
        assert clip.duration > 0.3
        assert clip.task is not None
        frame = studio.history.frame()
        row = frame.set_index("id").loc[clip.task.id]
        assert (row["status"], row["kind"], row["voice"]) == ("completed", "production", "contract")
        assert row["text"] == self.line
        assert row["estimate_exact"] == price.amount
        assert row["file"]
        assert set(studio.service.request_type("production").parameters()) - {"voice", "text"} <= set(frame.columns)
        assert studio.history.clip(clip.task.id).data == clip.data

    def test_an_account_that_can_be_read_agrees_with_the_books(self, studio: Studio, voice: Voice) -> None:
        """Where the service has a balance, it falls by what the ledger says."""
        try:
            before = studio.balance().amount
        except ServiceError:
            pytest.skip("the service has no balance to read")
        clip = voice.say(self.line, fresh=True, quiet=True)
        assert clip.task is not None
        assert before - studio.balance().amount == clip.task.cost

    def test_a_request_that_is_refused_here_leaves_no_row(self, studio: Studio, voice: Voice) -> None:
        """Nothing is recorded and nothing is sent."""
        rows = len(studio.history.frame())
        with pytest.raises(InvalidRequest):
            voice.say("", quiet=True)
        with pytest.raises(InvalidRequest):
            voice.say(self.line, wobble=1, quiet=True)
        assert len(studio.history.frame()) == rows

    def test_a_cancelled_task_says_what_becomes_of_the_charge(self, voice: Voice) -> None:
        """Cancelling ends with a row that is final, or already was, and with words about the money."""
        task = voice.submit(" ".join([self.line] * 12), fresh=True)
        said = task.cancel()
        assert "charged" in said
        assert task.status in {"cancelled", "completed", "submitting"}
        if task.status == "submitting":
            # A service that answers at once cannot be left half-way.
            task.wait(120, quiet=True)

    def test_a_wrong_key_is_a_typed_error_that_costs_nothing(self, studio: Studio, voice: Voice) -> None:
        """`AuthenticationError`, no charge, and the key in no message."""
        address = studio.session.http.base_url
        profile = studio.service.profile
        with connect(profile.id, base_url=address, api_key=_WRONG_KEY, home=studio.home) as stranger:
            with pytest.raises(AuthenticationError) as caught:
                stranger.voice(voice.id).say(f"{self.line} Again.", quiet=True)
            assert _WRONG_KEY not in str(caught.value)
            [task, *_] = stranger.tasks("failed")
            assert task.cost == 0
            assert type(task.error) is AuthenticationError

    def test_no_key_is_anywhere(self, studio: Studio, voice: Voice) -> None:
        """Neither in what is shown nor in what is kept."""
        held = studio.session.http.secret().encode()
        keys = [held, _WRONG_KEY.encode()]
        shown = " ".join(map(repr, (studio, studio.service, voice, studio.tasks(), vars(studio), vars(studio.service))))
        kept = [path for path in studio.home.glob("*") if path.name.startswith("ledger")]
        kept += [path for path in (studio.home / "files").rglob("*") if path.is_file()]
        assert kept
        assert not [key for key in keys if key.decode() in shown]
        # By another process: whoever closes the ledger's file in this one lets go of SQLite's locks on it.
        script = (
            "import pathlib, sys; keys = sys.stdin.read().split(); "
            "print([one for one in sys.argv[1:] for key in keys if key.encode() in pathlib.Path(one).read_bytes()])"
        )
        found = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-P", "-c", script, *map(str, kept)],
            input="\n".join(key.decode() for key in keys), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout.strip() == "[]"
