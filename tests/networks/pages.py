"""Pages to make cards of, served on loopback; names lead there only for those who are given `leads`."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fedisched.networks.addresses import is_public
from fedisched.networks.safe_fetch import Address, SafeFetch

Serve = Callable[[socket.socket], None]
HOST = "page.test"
URL = f"http://{HOST}/post"


def answer(
    body: bytes | str = b"", kind: str = "text/html; charset=utf-8", status: str = "200 OK", **more: str
) -> Serve:
    """A whole answer; header names with `_` for `-`."""
    data = body.encode() if isinstance(body, str) else body
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(data)),
        **{k.replace("_", "-"): v for k, v in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return lambda connection: connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + data)


def redirect(to: str, status: int = 302) -> Serve:
    return answer(status=f"{status} Elsewhere", Location=to)


@dataclass
class Pages:
    """A server with pages by path, and the head of each request that came."""

    port: int
    pages: dict[str, Serve] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    first: Serve | None = None
    """Answers in place of the pages, before anything was read."""

    def leads(self, host: str, port: int) -> list[Address]:
        """A resolver by which every name leads here."""
        return [Address(socket.AF_INET, ("127.0.0.1", self.port))]

    def fetch(self, **how: object) -> SafeFetch:
        """Fetches from here as if here were public."""
        given: Mapping[str, object] = {"resolve": self.leads, "allowed": here_is_public, **how}
        return SafeFetch(**given)  # type: ignore[arg-type]

    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.asked]


def here_is_public(address: str) -> bool:
    return address == "127.0.0.1" or is_public(address)


@contextmanager
def serving() -> Iterator[Pages]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pages = Pages(listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listening, pages), daemon=True)
        thread.start()
        yield pages
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _serve(listening: socket.socket, pages: Pages) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            try:
                if pages.first is not None:
                    pages.first(connection)
                    continue
                head = _head(connection)
                pages.asked.append(head)
                pages.pages.get(head.split(" ")[1], answer(status="404 Not Found"))(connection)
            except OSError:
                continue


def _head(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(4096)
        if not chunk:
            raise ConnectionError
        data += chunk
    return data.decode()


def photo(width: int = 1600, height: int = 800, kind: str = "JPEG", **how: object) -> bytes:
    """A picture with metadata that is nobody's business."""
    from PIL import Image

    picture = Image.new("RGB", (width, height), (20, 120, 200))
    exif = picture.getexif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    picture.save(out, kind, **{"exif": exif, **how} if kind != "GIF" else how)
    return out.getvalue()


def page(title: str = "A title", description: str = "What it is about", image: str = "") -> str:
    shown = f'<meta property="og:image" content="{image}">' if image else ""
    return (
        f'<!doctype html><html><head><title>Other</title><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{description}">{shown}</head><body>Text</body></html>'
    )


@contextmanager
def serving_a_post() -> Iterator[Pages]:
    """Pages of which one, at `URL`, tells of itself and has a picture."""
    with serving() as running:
        running.pages["/post"] = answer(page(image="/picture.jpg"))
        running.pages["/picture.jpg"] = answer(photo(), "image/jpeg")
        yield running
