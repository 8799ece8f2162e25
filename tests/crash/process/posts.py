"""The posts of a siege: every kind of them, each with a quirk in its file, and what the networks are to have of it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from tests.networks.rendering import png
from tests.stage import as_text

_OURS = re.compile(rb"^(status: \w+\r?\n|results:\r?\n(  .*\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Written:
    """A post's file as a person wrote it: its path below the content folder, the texts and pictures of its parts."""

    path: str
    data: bytes
    due: int
    parts: tuple[tuple[str, int], ...]


def without_ours(data: bytes) -> bytes:
    """A file without what fedisched may write in it."""
    return _OURS.sub(b"", data)


class Author:
    """Writes posts into a content folder. `alike` says whether some have the same words as others."""

    def __init__(self, folder: Path, chance: random.Random, alike: bool) -> None:
        self._folder = folder
        self._alike = alike
        self._chance = chance
        self.written: list[Written] = []
        (folder / "posts").mkdir(parents=True)
        (folder / "posts/red.png").write_bytes(png())

    def write(self, due: int) -> Written:
        """A new post, due at this moment (microseconds since 1970 UTC; a whole second)."""
        number = len(self.written) + 1
        parts = self._parts(number)
        body = "\n\n---\n\n".join(text + "\n\n![A red square](red.png)" * images for text, images in parts)
        written = Written(f"posts/{number:04}.md", self._file(number, due, body), due, parts)
        (self._folder / written.path).write_bytes(written.data)
        self.written.append(written)
        return written

    def _parts(self, number: int) -> tuple[tuple[str, int], ...]:
        match self._chance.choices(("single", "thread", "picture", "alike"), (4, 3, 2, 2 * self._alike))[0]:
            case "thread":
                count = self._chance.choice((2, 3))
                return tuple((f"{part} of {count} of {number}", int(part == 1)) for part in range(1, count + 1))
            case "picture":
                return ((f"A picture {number}", 1),)
            case "alike":
                # People do post the same words again.
                return (("Good morning!", 0),)
            case _:
                return ((f"Number {number}", 0),)

    def _file(self, number: int, due: int, body: str) -> bytes:
        chance = self._chance
        status = chance.choice(("", "status: scheduled\n"))
        lines = [f"time: {as_text(due)}\n", status, "x-mine: 'as  typed' # and kept\n", f"# remark {number}\n"]
        chance.shuffle(lines)
        text = "---\n" + "".join(lines) + "---\n" + body + chance.choice(("", "\n", "\n\n"))
        data = text.replace("\n", "\r\n") if chance.random() < 0.2 else text
        return data.encode("utf-8-sig" if chance.random() < 0.2 else "utf-8")
