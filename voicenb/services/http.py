"""The transport that all services share: one client a base URL, credentials for that origin only, every await bounded.

The names that a service's module needs beside `Http` stand here, too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx

from voicenb.base import network
from voicenb.base.keys import Secret
from voicenb.errors import (
    OutcomeUnknown,
    ServiceError,
    VoicenbError,
)
from voicenb.services.addresses import base_url_problem, is_loopback, names_this_host, url_problem
from voicenb.services.answers import address_of, shown_text
from voicenb.services.origin import OriginAuth
from voicenb.services.refusals import raise_for_result, raise_for_status, stranger, unknown
from voicenb.services.replies import (
    MOST_AUDIO,
    UNPACKABLE,
    IncompleteError,
    Reply,
    TooLargeError,
    UnreadableAnswerError,
    is_whole,
    read_body,
    unpacked,
)

if TYPE_CHECKING:
    from voicenb.services.contract import Answer

__all__ = [
    "LONG_SECONDS",
    "MOST_AUDIO",
    "Http",
    "IncompleteError",
    "Reply",
    "UnreadableAnswerError",
    "task_in",
    "url_problem",
]

_CONNECT_SECONDS = 10.0
_SECONDS = 60.0  # for one request and its answer; polls and submissions are small
LONG_SECONDS = 600.0
"""The time limit of a recording up, a result down, or an answer that is the result, in seconds."""
_MAX_ANSWER = 4 * 2**20
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
        key: The key; an empty one is not sent.
        header: The header that carries it.
        prefix: What stands before the key in that header.
        sandbox: Whether the sandbox of this home answers there. An address on this machine alone says nothing: a relay
            or a tunnel to a paid service has one, too.

    Attributes:
        sandbox: As above.
        loopback: Whether the base URL is on this machine.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        key: Secret,
        *,
        header: str = "Authorization",
        prefix: str = "Bearer ",
        sandbox: bool = False,
    ) -> None:
        self.service = service
        self.sandbox = sandbox
        self._header = header
        self._prefix = prefix
        self.move(base_url, key)
        self.seconds = _SECONDS
        """The time limit of one small request and its answer."""
        self.long_seconds = LONG_SECONDS
        """The time limit of a recording up or a result down."""
        self._client: httpx.AsyncClient | None = None
        self._in_use = 0
        self._closing = False
        self._pid = os.getpid()
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    def move(self, base_url: str, key: Secret) -> None:
        """Goes on at another address.

        Raises:
            ServiceError: It is no address that a key may be sent to.
        """
        problem = base_url_problem(base_url, keyless=not key.reveal())
        if problem is not None:
            raise ServiceError(f"{problem} Nothing was sent.", service=self.service)
        self.base_url = base_url.rstrip("/")
        self.loopback = is_loopback(self.base_url)
        self._key = key
        self._auth = OriginAuth(self.base_url, self._header, lambda: key.reveal() and self._prefix + key.reveal())

    def __repr__(self) -> str:
        return f"Http({self.service!r}, {self.base_url!r})"

    @property
    def opened(self) -> bool:
        """Whether this process has a client."""
        return self._client is not None and self._pid == os.getpid()

    async def open(self) -> None:
        """Makes the client, before anything is written down that depends on it; on the loop that will use it.

        Raises:
            ServiceError: The settings of this machine for proxies or certificates allow none.
        """
        self._open()

    def _open(self) -> httpx.AsyncClient:
        # Made on first use, inside the loop that will run it; in a forked child anew.
        if self._client is None or self._pid != os.getpid():
            # Whoever has no connection yet waits here, where no time limit runs: httpx would count it as the service's time.
            self._slots = asyncio.Semaphore(_CONNECTIONS)
            self._in_use = 0
            self._pid = os.getpid()
            settings: dict[str, Any] = {
                "headers": {"User-Agent": "voicenb"},
                "timeout": httpx.Timeout(self.seconds, connect=_CONNECT_SECONDS),
                # Short-lived idle connections: one that the server closed in the same instant would make a
                # submission's fate unknown for no good reason.
                "limits": httpx.Limits(
                    max_connections=None, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=2
                ),
            }
            if self.sandbox:
                self._client = network.sandbox_client(httpx.AsyncClient, **settings)
            else:
                here = urlsplit(self.base_url).hostname if self.loopback else None
                self._client = network.client(httpx.AsyncClient, here=here, **settings)
        return self._client

    def secret(self) -> str:
        """The key that requests to this service carry, for whoever looks for it where it must not be."""
        return self._key.reveal()

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client, for one request; whoever is the last one after `close` ends the connections."""
        client = self._open()
        self._in_use += 1
        try:
            yield client
        finally:
            self._in_use -= 1
            if self._closing and not self._in_use:
                with anyio.CancelScope(shield=True):
                    await self.close()

    async def close(self) -> None:
        """Closes the connections as soon as no request is on its way; from then on each call opens its own.

        A paid request that closing cut off would be one whose fate nobody knows.
        """
        self._closing = True
        if self._in_use:
            return
        client, self._client = self._client, None
        if client is not None and self._pid == os.getpid():
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
        own: Callable[[Reply], bool] | None = None,
        **body: Any,
    ) -> Reply:
        """A POST that may cost money: sent once, never repeated.

        Args:
            path: Appended to the base URL.
            headers: More headers.
            seconds: The time limit; None for that of a small request.
            limit: The largest answer that is taken, in bytes.
            own: Whether an answer of HTTP 300 and above is in the service's own form. Only such a one is returned: what a
                gateway or a proxy says is no word of the service. None takes none for its own.
            body: The request's body, as httpx takes it.

        Returns:
            The answer: of HTTP 2xx, or in the service's own form.

        Raises:
            ServiceError: Nothing left this machine, or the request was turned away on the way.
            OutcomeUnknown: It may have arrived, and the service has not said what became of it.
        """
        came = bytearray()
        with self._once(came):
            reply = await self._exchange(
                "POST",
                path,
                auth=True,
                seconds=seconds or self.seconds,
                limit=limit,
                headers=dict(headers or {}),
                came=came,
                **body,
            )
        return self._said_by_the_service(reply, own)

    async def stream_once(
        self,
        path: str,
        *,
        receive: Callable[[bytes, str], Awaitable[None]],
        headers: Mapping[str, str] | None = None,
        own: Callable[[Reply], bool] | None = None,
        **body: Any,
    ) -> Reply:
        """A POST that may cost money and whose answer is sound that comes in pieces: sent once, never repeated.

        Args:
            path: Appended to the base URL.
            receive: Called with each piece of a good answer that is no JSON, and the content type.
            headers: More headers.
            own: As in `send_once`.
            body: The request's body, as httpx takes it.

        Returns:
            The answer; its `Reply.data` is what was not passed on.

        Raises:
            ServiceError: Nothing left this machine, or the request was turned away on the way.
            IncompleteError: The answer broke off after it had begun.
            OutcomeUnknown: It may have arrived, and the service has not said what became of it.
        """
        async with self._using() as client:
            request = client.build_request("POST", self.base_url + path, headers=dict(headers or {}), **body)
            came = bytearray()
            with self._once(came):
                with anyio.fail_after(self.seconds):
                    response = await client.send(request, auth=self._auth, stream=True, follow_redirects=False)
            try:
                media = response.headers.get("Content-Type", "").lower()
                if not 200 <= response.status_code < 300 or "json" in media:
                    with self._once(came), anyio.fail_after(self.seconds):
                        reply = Reply(response, await read_body(response, _MAX_ANSWER, came), self.secret())
                        return self._said_by_the_service(reply, own)
                with anyio.fail_after(self.long_seconds):
                    async for piece in response.aiter_bytes():
                        came += piece
                        if len(came) > MOST_AUDIO:
                            raise self._broken(f"is larger than {MOST_AUDIO // 2**20} MB", bytes(came))
                        await receive(piece, media)
                return Reply(response, b"")
            except (httpx.HTTPError, TimeoutError) as error:
                raise self._broken(f"broke off ({network.reason(error)})", bytes(came)) from None
            finally:
                await response.aclose()

    @contextmanager
    def _once(self, came: bytearray) -> Iterator[None]:
        """Tells what never left from what may have arrived; `came` is what has arrived of the answer."""
        try:
            yield
        except _NOTHING_LEFT as error:
            unreachable = self._unreachable(error)
            unreachable.unsent = True
            raise unreachable from None
        except (httpx.HTTPError, TimeoutError, TooLargeError) as error:
            reason = str(error) if isinstance(error, TooLargeError) else network.reason(error)
            what = f"its answer broke off after {len(came):,} bytes" if came else "no answer came back"
            raise unknown(
                self.service, f"the request left for {self.service} and {what} ({reason})", bytes(came)
            ) from None

    def _broken(self, how: str, data: bytes) -> VoicenbError:
        """A good answer that has begun: what came of it was paid for; where nothing came, that is not known."""
        if not data:
            return unknown(self.service, f"the answer of {self.service} {how} before anything of it came")
        broken = IncompleteError(f"the answer of {self.service} {how}", service=self.service)
        broken.data = data
        return broken

    def _said_by_the_service(self, reply: Reply, own: Callable[[Reply], bool] | None) -> Reply:
        """The answer to something that may cost money, where it is the service's own word."""
        if 200 <= reply.status < 300 or (own is not None and own(reply)):
            return reply
        raise self.stranger(reply)

    def stranger(self, reply: Reply) -> VoicenbError:
        """What an answer to a paid request means that is not in the service's own form; see `voicenb.services.refusals.stranger`."""
        return stranger(self.service, reply)

    async def upload(
        self, path: str, filename: str, data: bytes, mime: str, *, name: str = "file",
        fields: Mapping[str, str] | None = None, from_origin: bool = False,
    ) -> Reply:  # fmt: skip
        """A multipart upload of one file.

        Args:
            path: Appended to the base URL.
            filename: The file's name.
            data: Its bytes.
            mime: Its media type.
            name: The form field.
            fields: More fields of the form.
            from_origin: Appends `path` to scheme and host instead.
        """
        base = str(httpx.URL(self.base_url).copy_with(path="/")).rstrip("/") if from_origin else self.base_url
        try:
            return await self._exchange(
                "POST", path, auth=True, seconds=self.long_seconds, base=base, files={name: (filename, data, mime)},
                data=dict(fields or {}),
            )  # fmt: skip
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._unreachable(error) from None

    async def download(self, url: str) -> bytes:
        """The bytes at `url`, fetched without any credentials.

        Raises:
            ServiceError: It is out of reach, too large, or not where a result may be.
            IncompleteError: It broke off.
            RateLimited: The host wants to be asked later.
        """
        timeout = httpx.Timeout(self.seconds, connect=_CONNECT_SECONDS)
        came = bytearray()
        packed = ""
        try:
            async with self._using() as client, self._slots, _within(self.long_seconds):
                url = address_of(url, self.base_url) or url
                for _ in range(_MAX_REDIRECTS + 1):
                    self._check_result_url(url)
                    async with client.stream(
                        "GET", url, auth=None, follow_redirects=False, timeout=timeout, headers=UNPACKABLE
                    ) as response:
                        if response.is_redirect:
                            url = address_of(response.headers.get("Location", ""), str(response.url)) or url
                            continue
                        packed = response.headers.get("Content-Encoding", "")
                        if response.status_code not in {200, 203, 206}:
                            raise_for_result(self.service, Reply(response, b""))
                        async for part in response.aiter_raw():
                            came += part
                            if len(came) > MOST_AUDIO:
                                raise ServiceError(
                                    f"the result of {self.service} is larger than {MOST_AUDIO // 2**20} MB and was not taken; "
                                    "the task is paid for and stays in the ledger.",
                                    service=self.service,
                                )
                        data = unpacked(bytes(came), packed)
                        if not data or (response.status_code == 206 and not is_whole(response)):
                            raise self._incomplete(data)
                        return data
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            if came:
                raise self._incomplete(unpacked(bytes(came), packed)) from None
            raise self._unreachable(error) from None
        raise ServiceError(
            f"the result of {self.service} is redirected too often; the task is paid for and stays in the ledger.",
            service=self.service,
        )

    def _incomplete(self, data: bytes) -> IncompleteError:
        incomplete = IncompleteError(
            f"the result of {self.service} came incomplete ({len(data):,} bytes)", service=self.service
        )
        incomplete.data = data
        return incomplete

    def _check_result_url(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ServiceError(
                f"{self.service} gave a result address that is no http(s) URL, {shown_text(url, 60)}; it was not opened. The "
                "task is paid for and stays in the ledger.",
                service=self.service,
            )
        if not self.loopback and (is_loopback(url) or names_this_host(parts.hostname)):
            raise ServiceError(
                f"{self.service} gave a result address on this machine; refused. The task is paid for and stays in the ledger.",
                service=self.service,
            )

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        auth: bool,
        seconds: float,
        limit: int = _MAX_ANSWER,
        base: str | None = None,
        came: bytearray | None = None,
        **body: Any,
    ) -> Reply:
        timeout = httpx.Timeout(max(seconds, self.seconds), connect=_CONNECT_SECONDS)
        async with self._using() as client, self._slots, _within(seconds):
            body["headers"] = UNPACKABLE | body.get("headers", {})
            request = client.build_request(method, (base or self.base_url) + path, timeout=timeout, **body)
            response = await client.send(
                request, auth=self._auth if auth else None, stream=True, follow_redirects=False
            )
            try:
                return Reply(response, await read_body(response, limit, came), self.secret())
            finally:
                await response.aclose()

    def _unreachable(self, error: Exception) -> ServiceError:
        what = "the sandbox" if self.sandbox else self.service
        return ServiceError(
            f"{what} could not be reached at {urlsplit(self.base_url).netloc} ({network.reason(error)})",
            service=self.service,
        )

    def refuse(self, reply: Reply) -> None:
        """Raises what an HTTP status alone says of a call that costs nothing, for services that use it.

        Raises:
            AuthenticationError: 401 or 403.
            RateLimited: 429, or 503 with a Retry-After, with its seconds.
            ServiceError: Any other status from 300 up.
        """
        raise_for_status(self.service, reply)


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield
