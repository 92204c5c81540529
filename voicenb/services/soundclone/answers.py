"""What SoundClone answers: its own form, and what its errors mean."""

from __future__ import annotations

import re

from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    ServiceError,
    VoiceExpired,
    VoicenbError,
)
from voicenb.services.answers import code_of, id_of, lacks_money, object_of
from voicenb.services.http import Reply
from voicenb.services.soundclone.requests import ID

__all__ = ["ERRORS", "KEY_VARIABLES", "OK", "OK_ELSEWHERE", "error_of", "is_own"]

OK = "20000"
OK_ELSEWHERE = frozenset({"0", "200"})
ERRORS = frozenset({"20001", "20002", "-1"})


def is_own(reply: Reply) -> bool:
    """Whether an answer to a paid request is the service's own word: a task, or an error as it gives them.

    An error is an envelope with a message and a code that is known, or, as its errors have HTTP status 200, there with any
    other of five digits. A code that is an HTTP status (502, 404) is how gateways count.
    """
    said = reply.object()
    if said is None:
        return False
    data = object_of(said.get("data"))
    if id_of(said.get("id")) or (data is not None and id_of(data.get("id"))):
        return True
    code = code_of(said.get("code"))
    if code is None or code == OK or not isinstance(said.get("msg"), str):
        return False
    return code in ERRORS or (reply.status == 200 and re.fullmatch(r"\d{5}", code) is not None)


KEY_VARIABLES: tuple[str, ...] = ("SOUNDCLONE_API_KEY", "JIMMYAI_API_KEY")


def error_of(code: str, message: str, status: int, *, charges: bool) -> VoicenbError:
    """The error that an envelope stands for; `charges`: the call was one that costs, and this answer says that it did not."""
    lower = message.lower()
    message = message.rstrip(".")
    said = f"soundclone answered: {message} (code {code})" + (". Nothing was charged" if charges else "")
    if code == "20001" or status == 401:
        return AuthenticationError(
            f"{said}; check the key in {' or '.join(KEY_VARIABLES)} and that it belongs to this address.",
            code=code,
            status=status,
            service=ID,
        )
    # The code for an empty account is not documented, its message has to do.
    if status == 402 or lacks_money(message):
        return InsufficientBalance(
            f"{said}; top up the account, or see studio.balance() and studio.price(…).",
            code=code,
            status=status,
            service=ID,
        )
    if code == "20002":
        if "modelid" in lower and ("expire" in lower or "过期" in message):
            return VoiceExpired(f"{said}; clone the voice again: studio.clone(…).", service=ID)
        if "fileurl" in lower:
            return BadReference(f"{said}; see reference.check(studio).", service=ID)
        return InvalidRequest(f"{said}.", service=ID)
    return ServiceError(f"{said}; try again later.", code=code, status=status, service=ID)
