"""What a service answers, made harmless where it enters: JSON, text, ids, codes, amounts and addresses.

Whatever is read here may be anything: another type than documented, another charset, half a character, a page of a proxy.
Nothing here raises but ValueError, from `read_json`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

__all__ = [
    "address_of",
    "code_of",
    "decimal_of",
    "decoded",
    "field_of",
    "flag_of",
    "id_of",
    "is_text",
    "lacks_money",
    "moment_of",
    "object_of",
    "read_json",
    "seconds_of",
    "shown_text",
    "spoken_text",
    "word_of",
]

_DEEPEST = 64
_LONGEST_NUMBER = 64
_LONGEST_ID = 512
_LONGEST_WAIT = 3600.0
_LARGEST_AMOUNT = Decimal(10**9)  # a ledger counts billionths in 64 bits
_SMALLEST_PLACE = Decimal("1e-12")

_NOTHING = frozenset({"", "null", "none", "nil", "undefined", "nan", "0"})


# -- JSON ------------------------------------------------------------------------------------------------------


def read_json(data: bytes, media: str = "") -> Any:
    """The JSON that `data` begins with: exact decimals, sound text, and None for what is no number.

    A byte-order mark, another charset than UTF-8, what follows the value, and JSON within a JSON string are borne with. Of
    keys that come twice the last one holds, unless it is null.

    Args:
        data: The body.
        media: Its content type, whose charset is believed where UTF-8 does not fit.

    Raises:
        ValueError: It is no JSON, or is nested deeper than 64.
    """
    text = decoded(data, media).lstrip("\ufeff \t\r\n")
    found = _first_value(text)
    if isinstance(found, str) and found.lstrip().startswith(("{", "[")):
        # A text may begin with a bracket and be no JSON.
        with suppress(ValueError):
            found = _first_value(found.lstrip())
    return _sound(found, _DEEPEST)


def _first_value(text: str) -> Any:
    try:
        return _DECODER.raw_decode(text)[0]
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def decoded(data: bytes, media: str = "") -> str:
    """The text in `data`, in the charset that fits: UTF-8, UTF-16, the one that its content type names, or GB 18030."""
    named = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", media)
    for charset in (json.detect_encoding(data[:8]), named[1] if named else "utf-8"):
        # LookupError: no charset, or one that is none of text.
        with suppress(UnicodeError, LookupError):
            return data.decode(charset)
    for charset, errors in (("utf-8", "surrogatepass"), ("gb18030", "strict")):
        with suppress(UnicodeError):
            return data.decode(charset, errors)
    return data.decode("utf-8", "replace")


def _whole_number(digits: str) -> int | Decimal:
    # int() refuses thousands of digits, and takes long for fewer.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else Decimal(digits)


def _number(digits: str) -> Decimal | None:
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _last_said(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if value is not None or name not in found:
            found[name] = value
    return found


_DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_whole_number,
    parse_constant=lambda _: None,
    object_pairs_hook=_last_said,
    strict=False,
)


def _sound(value: Any, depth: int) -> Any:
    """`value` without half characters."""
    if isinstance(value, str):
        return _whole_characters(value)
    if not isinstance(value, list | dict):
        return value
    if depth == 0:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_sound(one, depth - 1) for one in value]
    return {_whole_characters(name): _sound(one, depth - 1) for name, one in value.items()}


def _whole_characters(text: str) -> str:
    # Two halves beside each other are one character; one alone is none.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def object_of(value: Any) -> dict[str, Any] | None:
    """An object, also where it stands alone in a list or as text; else None."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with suppress(ValueError):
            value = read_json(value.encode())
    return value if isinstance(value, dict) else None


def field_of(data: Mapping[str, Any], *names: str) -> Any:
    """The first of these fields that holds something; spelled exactly so, or else in another case or with underscores."""
    for name in names:
        if data.get(name) is not None:
            return data[name]
    wanted = {_plain(name) for name in names}
    return next((value for name, value in data.items() if value is not None and _plain(name) in wanted), None)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


# -- text ------------------------------------------------------------------------------------------------------

# Marks of direction and joiners belong to writing; embeddings, overrides and isolates can make a line say something else.
_BENDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff\ufff9\ufffa\ufffb")


def shown_text(value: object, most: int = 500) -> str | None:
    """A service's text for a message: on one line, at most `most` characters, control characters written as escapes.

    None where `value` is no text, or an empty one. Objects and lists are written as JSON.
    """
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)[: 4 * most]
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, str):
        value = str(value)[: 4 * most]
    line = " ".join(_whole_characters(value[: 8 * most]).split())
    said = "".join(one if _harmless(one) else f"\\u{ord(one):04x}" for one in line)
    return (said if len(said) <= most else said[: most - 1] + "…") or None


def _harmless(character: str) -> bool:
    return (character.isascii() and character.isprintable()) or not (
        unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} or character in _BENDING
    )


def spoken_text(value: object) -> str:
    """Text of subtitles: whole characters, without control characters and what turns the direction of a line around.

    Raises:
        TypeError: It is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    return "".join(one for one in _whole_characters(value) if one in "\n\t" or _harmless(one))


def is_text(data: bytes) -> bool:
    """Whether these bytes are text (a page, JSON, a message) and cannot be sound: 4,096 of them say so."""
    head = data[:4096]
    if not head or head.startswith((b"RIFF", b"\x00")):
        return False
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The end of the piece may fall within a character.
        if error.start < len(head) - 3:
            return head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))
        text = head[: error.start].decode("utf-8-sig")
    return bool(text.strip()) and all(one.isprintable() or one in "\r\n\t\f" for one in text)


def id_of(value: object) -> str | None:
    """A service's id as text: text, or a number without a fraction; None for everything else, and for what means nothing."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() and abs(value) < 10**_LONGEST_NUMBER else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, int):
        return str(value) if value > 0 else None
    if not isinstance(value, str):
        return None
    said = "".join(one for one in _whole_characters(value).strip() if _harmless(one))
    return said if said.lower() not in _NOTHING and len(said) <= _LONGEST_ID else None


def code_of(value: object) -> str | None:
    """An error code as text: ``20000`` for the number, the text and 20000.0; None where there is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        value = str(value)
    if not isinstance(value, str):
        return None
    said = value.strip()
    return re.sub(r"^(-?\d+)\.0*$", r"\1", said)[:60] or None


def word_of(value: object) -> str:
    """A word such as a status, without regard to case, blanks and how its parts are joined: ``in progress``."""
    return " ".join(re.split(r"[\s_-]+", value.strip().lower())) if isinstance(value, str) else ""


_YES = frozenset({"true", "yes", "y", "on", "1"})
_NO = frozenset({"false", "no", "n", "off", "0"})


def flag_of(value: object) -> bool | None:
    """Whether a field says yes, as a boolean, a number or a word (``"true"``, ``1``, ``"yes"``); None where it says neither."""
    said = code_of(str(value).lower() if isinstance(value, bool) else value)
    word = "" if said is None else said.lower()
    return True if word in _YES else False if word in _NO else None


# -- numbers ---------------------------------------------------------------------------------------------------

_AMOUNT = re.compile(
    r"[^\d\s.,+-]{0,4}\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*[^\W\d_]{0,12}\.?",
    re.ASCII,
)


def decimal_of(value: object) -> Decimal | None:
    """The exact number that a field is, as a number or as text (``"¥ 1,234.5"``, ``"9.9 credits"``).

    None where it is no finite one, or one that no account holds (a billion and more); rounded to 12 places.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = _AMOUNT.fullmatch(value.strip())
        if found is None or not re.search(r"\d", found[1]):
            return None
        value = found[1].replace(",", "")
    if isinstance(value, float):
        value = repr(value)
    if not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= _LARGEST_AMOUNT:
        return None
    exponent = number.as_tuple().exponent
    return number.quantize(_SMALLEST_PLACE) if isinstance(exponent, int) and exponent < -12 else number


def seconds_of(header: str | None, sent: str | None = None) -> float | None:
    """The seconds that a header such as ``Retry-After`` names: a number, or a date (RFC 9110, 10.2.3); an hour at most.

    Args:
        header: Its value. Where a proxy has joined two, the first one counts.
        sent: The answer's ``Date``, which a date is measured from; the two clocks may differ.

    Returns:
        None where it names none, is negative, or lies in the past.
    """
    said = (header or "").strip()
    if re.fullmatch(r"\d+(\.\d*)?|\.\d+", first := said.partition(",")[0].strip(), re.ASCII):
        return min(float(first), _LONGEST_WAIT)
    ends = _moment(said)
    if ends is None:
        return None
    wait = (ends - (_moment(sent or "") or datetime.now(UTC))).total_seconds()
    return min(wait, _LONGEST_WAIT) if wait > 0 else None


def _moment(said: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(said)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


# -- addresses -------------------------------------------------------------------------------------------------


# Seconds since 1970 from 2001 to 2286; thousandths of the same time are a thousand times as many.
_EPOCH = (10**9, 10**10)


def moment_of(value: object) -> datetime | None:
    """A moment that a field gives: seconds or thousandths since 1970, as a number or as text, or ISO 8601; None for no such."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    said = str(value).strip()
    try:
        if not re.fullmatch(r"\d{10,13}(\.\d+)?", said, re.ASCII):
            found = datetime.fromisoformat(said)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        number = float(said)
        number = number / 1000 if number >= _EPOCH[1] else number
        return datetime.fromtimestamp(number, UTC) if _EPOCH[0] <= number < _EPOCH[1] else None
    except (ValueError, OverflowError, OSError):
        return None


def address_of(value: object, base_url: str) -> str | None:
    """Where a result is: the address, resolved against `base_url`, without blanks around it and without credentials.

    What it leads to is not judged here: whoever fetches it takes http and https alone.

    Args:
        value: What the service gave: text, or an object or a list that holds one.
        base_url: The service's own address.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = field_of(value, "url", "href")
    if not isinstance(value, str):
        return None
    # As browsers do: line ends and tabs go, blanks are allowed around.
    said = "".join(one for one in value if one not in "\r\n\t\u200b\ufeff").strip(
        " \"'<>\u00a0\u3000\x00\x0b\x0c\x1c\x1f"
    )
    if said.lower() in _NOTHING:
        return None
    said = _whole_characters(said).replace("\\/", "/").replace("&amp;", "&")
    try:
        joined = urljoin(base_url.rstrip("/") + "/", said)
        parts = urlsplit(joined)
        if "@" in parts.netloc:
            joined = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return said
    return joined


# -- words -----------------------------------------------------------------------------------------------------

_MONEY = r"(?:balance|credits?(?! card)|quota|funds?|wallet)"
_SHORT = (
    r"(?:insufficient|in ?adequate|not enough|no(?: more)?|out of|lack(?:s|ing)?(?: of)?|exceed(?:s|ed|ing)?|exhausted|"
    r"ran out of|run out of|used up|depleted|zero|negative|need more)"
)
_MONEY_FIRST = (
    r"(?:insufficient|not enough|too low|is low|exhausted|exceeded|depleted|used up|empty|is zero|is negative|ran out|run out|"
    r"not sufficient|does not cover|has ended)"
)
_LACKING = re.compile(
    rf"\b{_SHORT}(?: (?:\w+|of)){{0,2}} {_MONEY}\b|\b{_MONEY}(?: (?:is|are|was|has been|have been|not|limit|amount|\w+)){{0,2}} "
    rf"{_MONEY_FIRST}\b|\btop up (?:your )?(?:account|balance|wallet)\b|\bpayment required\b"
    r"|(?:余额|餘額|额度|額度|积分|積分|点数|點數|资金|資金|算力|配额|配額|金币)[^，。,.;；]{0,6}(?:不足|不够|不夠|用完|用尽|用盡|耗尽|耗盡|为零|為零|已欠)"
    r"|(?:不足|没有足够)[^，。,.;；]{0,4}(?:余额|额度|积分|点数)|欠费|欠費|请充值|請充值"
    r"|(?:رصيد|الائتمان|رصيدك)[^.،؛]{0,20}(?:غير كاف|لا يكفي|نفد|نفذ|انتهى|منخفض|صفر)|(?:نفد|نفذ|انتهى|لا يوجد|عدم كفاية) (?:ال)?رصيد",
    re.IGNORECASE,
)


def lacks_money(*said: str | None) -> bool:
    """Whether a message or a code says that the account cannot pay: words of balance, credit, quota or funds, and of want."""
    return any(_LACKING.search(" ".join(re.split(r"[\s_\-:]+", one))) is not None for one in said if one)
