"""An import endpoint on a bare socket, for answers that no decent HTTP server can be made to give."""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from pipeline.sandbox.mixpanel import sandbox_project

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
"""Plays one answer to a request of so many events, whose body has been read; the connection is closed then."""


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def stored(number: int) -> bytes:
    """Return the body of an answer that confirms so many events."""
    return json.dumps({"code": 200, "num_records_imported": number, "status": "OK"}).encode()


class Rough:
    """Answers the first requests as scripted and all others with success. It stands in for a stand-in in `running`."""

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        self.project = sandbox_project("us")
        self.region = "us"
        self.url = ""
        self.bodies: list[bytes] = []
        self.confirmed: list[Any] = []
        self._left = deque(behaviours)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if self._left and self._left[0] is unread:
                self._left.popleft()
                return
            self.bodies.append(await reader.readexactly(length))
            events = json.loads(gzip.decompress(self.bodies[-1]))
            if self._left:
                await self._left.popleft()(reader, writer, len(events))
            else:
                self.confirmed += events
                writer.write(answer("200 OK", stored(len(events)), "Connection: close"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def rough(*behaviours: Behaviour) -> AsyncIterator[Rough]:
    """Run it in this loop."""
    served = Rough(behaviours)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()


def says(text: Callable[[int], bytes]) -> Behaviour:
    """Answer with these bytes, given the number of events."""

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int) -> None:
        writer.write(text(events))

    return play


async def unread(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _events: int) -> None:
    """Close the connection before the body has been read."""


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int) -> None:
    """Send a right answer one byte at a time, without coming to its end in any reasonable time."""
    for byte in answer("200 OK", stored(events)):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def cut_in_a_chunk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int) -> None:
    """Send half of a chunked answer, whose bytes so far are a whole JSON document, and close."""
    body = stored(events)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(body) + 9, body))
    await writer.drain()


async def shorter_than_said(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int) -> None:
    """Send a whole JSON document where the length says that there is more."""
    body = stored(events)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body) + 20, body))
    await writer.drain()
