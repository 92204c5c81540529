"""The transport that all services share: one client a base URL, credentials for that origin only, every await bounded."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx

from voicenb.errors import AuthenticationError, OutcomeUnknown, RateLimited, ServiceError
from voicenb.keys import Secret

if TYPE_CHECKING:
    from voicenb.services.base import Answer

__all__ = [
    "LONG_SECONDS",
    "MOST_AUDIO",
    "Http",
    "Reply",
    "UnreadableAnswerError",
    "decimal_of",
    "is_loopback",
    "task_in",
    "url_problem",
]

_CONNECT_SECONDS = 10.0
_SECONDS = 60.0  # for one request and its answer; polls and submissions are small
LONG_SECONDS = 600.0
"""The time limit of a recording up, a result down, or an answer that is the result, in seconds."""
_MAX_ANSWER = 4 * 2**20
MOST_AUDIO = 256 * 2**20
"""The largest result that is taken, in bytes: 10,000 characters spoken slowly as 48 kHz stereo WAV stay below."""
_MAX_REDIRECTS = 5
_CONNECTIONS = 32

# httpx raises these before a byte of the request has left; after any other transport error it may have arrived.
_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)


def is_loopback(url: str) -> bool:
    """Whether `url` names this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_problem(url: str, *, local: bool) -> str | None:
    """Why a service could not fetch `url`, in words, or None.

    Args:
        url: The address.
        local: Whether the service is on this machine, and may therefore be given loopback addresses.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = parts.port
    except ValueError:
        return "it is no URL"
    if port == 0:
        return "there is no port 0"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is no http(s) URL; a local file is given by its path"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it has blanks or control characters; percent-encode them"
    if parts.username is not None or parts.password is not None:
        return "it carries a user name or password, which would reach the service; give a URL without them"
    if not (local and is_loopback(url)) and not _public(host):
        return "its host is not public: the service could not fetch it"
    return None


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".local", ".localhost", ".internal", ".lan"))


class Reply:
    """An answer that arrived: its status, its body, and the headers that matter.

    Attributes:
        status: The HTTP status.
        data: The body.
        media: The content type as it was sent, parameters included, in lower case.
    """

    def __init__(self, response: httpx.Response, body: bytes) -> None:
        self.status = response.status_code
        self.data = body
        self.media = response.headers.get("Content-Type", "").lower()
        self._headers = response.headers

    def json(self) -> Any:
        """The body as JSON with exact decimals; ValueError where it is none."""
        # RecursionError: a body of a hundred thousand brackets is valid UTF-8 and no JSON that anybody means.
        try:
            return json.loads(self.data, parse_float=Decimal)
        except RecursionError as error:
            raise ValueError("nested too deep") from error

    def seconds(self, header: str) -> float | None:
        """The header's value as seconds, where it is a number of a sane size."""
        with suppress(ValueError):
            value = float(self._headers.get(header, ""))
            if 0 <= value <= 3600:
                return value
        return None


class _OriginAuth(httpx.Auth):
    """Adds the key to requests for one origin and to nothing else, redirects included."""

    def __init__(self, base_url: str, header: str, value: Callable[[], str]) -> None:
        self._origin = _origin(httpx.URL(base_url))
        self._header = header
        self._value = value

    def sync_auth_flow(self, request: httpx.Request) -> Any:
        raise NotImplementedError  # only the asynchronous client is used

    async def async_auth_flow(self, request: httpx.Request) -> Any:
        if _origin(request.url) == self._origin:
            request.headers[self._header] = self._value()
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


class UnreadableAnswerError(ServiceError):
    """An answer that says neither yes nor no."""


def decimal_of(value: object) -> Decimal | None:
    """The exact number that a field of `Reply.json` is, as a number or as text; None where it is no finite one."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def task_in(service: str, read: Callable[[], Answer]) -> Answer:
    """What `read` finds in the answer to a submission that makes a task.

    Args:
        service: The service's id, for messages.
        read: Gives the answer, or raises the error that it stands for.

    Raises:
        OutcomeUnknown: It cannot be read, or it names no task that could be asked for.
    """
    try:
        answer = read()
    except UnreadableAnswerError as error:
        what = f"took the request and its answer cannot be read ({error})"
    else:
        if answer.remote_id:
            return answer
        what = "accepted the request and gave no task id"
    raise OutcomeUnknown(
        f"{service} {what}. It may have been accepted and charged, so it is not sent again; "
        "task.reconcile() says what the service shows of it.",
        service=service,
    )


class Http:
    """One service's HTTP.

    Args:
        service: The service's id, for messages.
        base_url: Replaces the documented base URL exactly; paths are appended to it.
        key: The key.
        header: The header that carries it.
        prefix: What stands before the key in that header.
    """

    def __init__(
        self, service: str, base_url: str, key: Secret, *, header: str = "Authorization", prefix: str = "Bearer "
    ) -> None:
        self.service = service
        self._header = header
        self._prefix = prefix
        self.move(base_url, key)
        self.seconds = _SECONDS
        """The time limit of one small request and its answer."""
        self.long_seconds = LONG_SECONDS
        """The time limit of a recording up or a result down."""
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    def move(self, base_url: str, key: Secret) -> None:
        """Goes on at another address.

        Raises:
            ServiceError: It is no address that a key may be sent to.
        """
        service = self.service
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ServiceError(
                f"base_url {base_url!r} is no http(s) URL; give it as https://host[/path]. Nothing was sent.",
                service=service,
            )
        if parts.scheme == "http" and not is_loopback(self.base_url):
            raise ServiceError(
                f"base_url {base_url!r} would send the key in the clear; use https:// (http is for this machine only). "
                "Nothing was sent.",
                service=service,
            )
        self.local = is_loopback(self.base_url)
        self._auth = _OriginAuth(self.base_url, self._header, lambda: self._prefix + key.reveal())

    def __repr__(self) -> str:
        return f"Http({self.service!r}, {self.base_url!r})"

    def _open(self) -> httpx.AsyncClient:
        # Made on first use, inside the loop that will run it.
        if self._client is None:
            # Whoever has no connection yet waits here, where no time limit runs: httpx would count it as the service's time.
            self._slots = asyncio.Semaphore(_CONNECTIONS)
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(self.seconds, connect=_CONNECT_SECONDS),
                # Short-lived idle connections: one that the server closed in the same instant would make a
                # submission's fate unknown for no good reason.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=2),
                # A proxy meant for the web must not see, or fail, what is meant for this machine.
                trust_env=not self.local,
                headers={"User-Agent": "voicenb"},
            )
        return self._client

    async def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def call(self, method: str, path: str, *, auth: bool = True, **body: Any) -> Reply:
        """A request that may be repeated without harm.

        Raises:
            ServiceError: No answer in time.
        """
        try:
            return await self._exchange(method, path, auth=auth, seconds=self.seconds, **body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise self._unreachable(error) from None

    async def send_once(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        limit: int = _MAX_ANSWER,
        **body: Any,
    ) -> Reply:
        """A POST that may cost money: sent once, never repeated.

        Args:
            path: Appended to the base URL.
            headers: More headers.
            seconds: The time limit; None for that of a small request.
            limit: The largest answer that is taken, in bytes.
            body: The request's body, as httpx takes it.

        Raises:
            ServiceError: Nothing left this machine.
            OutcomeUnknown: It may have arrived, and no answer came back.
        """
        with self._once():
            reply = await self._exchange(
                "POST",
                path,
                auth=True,
                seconds=seconds or self.seconds,
                limit=limit,
                headers=dict(headers or {}),
                **body,
            )
        return self._whole(reply)

    async def stream_once(
        self,
        path: str,
        *,
        receive: Callable[[bytes, str], Awaitable[None]],
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Reply:
        """A POST that may cost money and whose answer is sound that comes in pieces: sent once, never repeated.

        Args:
            path: Appended to the base URL.
            receive: Called with each piece of a good answer that is no JSON, and the content type.
            headers: More headers.
            body: The request's body, as httpx takes it.

        Returns:
            The answer; its `Reply.data` is what was not passed on.

        Raises:
            ServiceError: Nothing left this machine, or the answer broke off after it had begun.
            OutcomeUnknown: It may have arrived, and no answer came back.
        """
        client = self._open()
        request = client.build_request("POST", self.base_url + path, headers=dict(headers or {}), **body)
        with self._once():
            with anyio.fail_after(self.seconds):
                response = await client.send(request, auth=self._auth, stream=True, follow_redirects=False)
        try:
            media = response.headers.get("Content-Type", "").lower()
            if response.status_code != httpx.codes.OK or "json" in media:
                with self._once(), anyio.fail_after(self.seconds):
                    return self._whole(Reply(response, await _read(response, _MAX_ANSWER)))
            received = 0
            with anyio.fail_after(self.long_seconds):
                async for piece in response.aiter_bytes():
                    received += len(piece)
                    if received > MOST_AUDIO:
                        raise ServiceError(f"the answer is larger than {MOST_AUDIO // 2**20} MB and was not taken")
                    await receive(piece, media)
            return Reply(response, b"")
        except (httpx.HTTPError, TimeoutError) as error:
            raise ServiceError(
                f"the answer of {self.service} broke off ({_reason(error)})", service=self.service
            ) from None
        finally:
            await response.aclose()

    @contextmanager
    def _once(self) -> Iterator[None]:
        """Tells what never left from what may have arrived."""
        try:
            yield
        except _NOTHING_LEFT as error:
            unreachable = self._unreachable(error)
            unreachable.unsent = True
            raise unreachable from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(
                f"the request left for {self.service} and no answer came back ({_reason(error)}). It may have been "
                "accepted and charged, so it is not sent again; task.reconcile() says what the service shows of it.",
                service=self.service,
            ) from None

    def _whole(self, reply: Reply) -> Reply:
        """The answer to something that may cost money, unless it says nothing."""
        # 301 to 303 may follow a request that was acted on; 307 and 308 say that it was not.
        if reply.status >= 500 or 301 <= reply.status <= 303:
            with suppress(ValueError):
                if isinstance(reply.json(), dict):
                    return reply
            raise OutcomeUnknown(
                f"{self.service} answered HTTP {reply.status} and nothing else. The request may have been accepted and "
                "charged, so it is not sent again; task.reconcile() says what the service shows of it.",
                service=self.service,
            )
        return reply

    async def upload(
        self, path: str, filename: str, data: bytes, mime: str, *, name: str = "file", from_origin: bool = False
    ) -> Reply:
        """A multipart upload of one file.

        Args:
            path: Appended to the base URL.
            filename: The file's name.
            data: Its bytes.
            mime: Its media type.
            name: The form field.
            from_origin: Appends `path` to scheme and host instead.
        """
        base = str(httpx.URL(self.base_url).copy_with(path="/")).rstrip("/") if from_origin else self.base_url
        try:
            return await self._exchange(
                "POST", path, auth=True, seconds=self.long_seconds, base=base, files={name: (filename, data, mime)}
            )
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._unreachable(error) from None

    async def download(self, url: str) -> bytes:
        """The bytes at `url`, fetched without any credentials.

        Raises:
            ServiceError: It is out of reach, too large, or not where a result may be.
        """
        client = self._open()
        timeout = httpx.Timeout(self.seconds, connect=_CONNECT_SECONDS)
        try:
            async with self._slots, _within(self.long_seconds):
                for _ in range(_MAX_REDIRECTS + 1):
                    self._check_result_url(url)
                    async with client.stream(
                        "GET", url, auth=None, follow_redirects=False, timeout=timeout
                    ) as response:
                        if response.is_redirect:
                            url = str(response.url.join(response.headers.get("Location", "")))
                            continue
                        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                            self.refuse(Reply(response, b""))
                        if response.status_code != httpx.codes.OK:
                            raise ServiceError(
                                f"the result of {self.service} could not be downloaded: HTTP {response.status_code}. "
                                "The task is paid for and stays in the ledger; results are kept for a limited time.",
                                status=response.status_code,
                                service=self.service,
                            )
                        data = await _read(response, MOST_AUDIO)
                        expected = response.headers.get("Content-Length")
                        if not data or (
                            expected and "Content-Encoding" not in response.headers and int(expected) != len(data)
                        ):
                            raise ServiceError(
                                f"the result of {self.service} came incomplete ({len(data):,} bytes)",
                                service=self.service,
                            )
                        return data
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise self._unreachable(error) from None
        raise ServiceError(f"the result of {self.service} is redirected too often", service=self.service)

    def _check_result_url(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ServiceError(f"{self.service} gave a result address that is no http(s) URL", service=self.service)
        if not self.local and is_loopback(url):
            raise ServiceError(f"{self.service} gave a result address on this machine; refused", service=self.service)

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        auth: bool,
        seconds: float,
        limit: int = _MAX_ANSWER,
        base: str | None = None,
        **body: Any,
    ) -> Reply:
        client = self._open()
        timeout = httpx.Timeout(max(seconds, self.seconds), connect=_CONNECT_SECONDS)
        async with self._slots, _within(seconds):
            request = client.build_request(method, (base or self.base_url) + path, timeout=timeout, **body)
            response = await client.send(
                request, auth=self._auth if auth else None, stream=True, follow_redirects=False
            )
            try:
                return Reply(response, await _read(response, limit))
            finally:
                await response.aclose()

    def _unreachable(self, error: Exception) -> ServiceError:
        what = "the sandbox" if self.local else self.service
        return ServiceError(
            f"{what} could not be reached at {urlsplit(self.base_url).netloc} ({_reason(error)})", service=self.service
        )

    def refuse(self, reply: Reply) -> None:
        """Raises what an HTTP status alone says, for services that use it.

        Raises:
            AuthenticationError: 401 or 403.
            RateLimited: 429, with the seconds of Retry-After.
            ServiceError: Any other status from 300 up.
        """
        if reply.status in {401, 403}:
            raise AuthenticationError(
                f"{self.service} refuses the key (HTTP {reply.status}). Nothing was charged; check the key and that it "
                "belongs to this address.",
                status=reply.status,
                service=self.service,
            )
        if reply.status == 429:
            limited = RateLimited(
                f"{self.service} asks to slow down (HTTP 429). Nothing was charged for this; try again in a while.",
                status=429,
                service=self.service,
            )
            limited.retry_after = reply.seconds("Retry-After")
            raise limited
        if reply.status >= 300:
            raise ServiceError(
                f"{self.service} answered HTTP {reply.status}", status=reply.status, service=self.service
            )


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield


async def _read(response: httpx.Response, limit: int) -> bytes:
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > limit:
            raise ServiceError(f"the answer is larger than {limit // 2**20} MB and was not taken")
    return bytes(parts)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return "connection refused or host not found"
    return "the connection broke"
