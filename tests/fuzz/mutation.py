"""Inputs made from a seed: valid examples, with a few things changed to what somebody hostile, or unlucky, would write.

Light changes are what gets past the first parser and into what lies behind it, so most inputs have one to three.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

CONTROLS = ("\x00", "\x07", "\x1b[2J", "\x1b]0;pwned\x07", "\x9b31m", "\r", "\x7f", "\x85", "\u2028", "\ufeff")
DIRECTIONS = ("\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u200d", "\u2060")
LETTERS = ("é", "ß", "ﷺ", "नमस्ते", "👩‍👩‍👧‍👦", "🏳️‍🌈", "e" + "\u0301" * 30, "漢字", "\U000e0041", "аррӏе.com", "\ufffe")
COMMANDS = ("::error::x", "##[error]x", "%0A::set-output name=a::b", "${{ secrets.X }}", "$(id)", "`id`", "';--", "{n}")
PATHS = (
    "../../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "/",
    "~root",
    "a/../../b",
    "//x",
    "C:\\x",
    "file:///etc/passwd",
)
ADDRESSES = (
    "https://example.org/",
    "http://127.0.0.1/",
    "https://xn--pple-43d.com/",
    "https://аррӏе.com/a",
    "http://[::1]/",
    "https://user@example.org:99999/",
    "https://2130706433/",
    "at://did:plc:x/app.bsky.feed.post/1",
    "javascript:alert(1)",
    "https://" + "a" * 300,
)
NUMBERS = ("0", "-1", "1", "1e999", "9" * 19, "9" * 400, "9" * 5000, "0x7f", "1_000", "NaN", "-inf", "09", "٣", "1.5")
TIMES = (
    "2026-12-01 09:00",
    "2026-03-29 02:30",
    "2026-10-25 02:30",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-12-01 09:00 Europe/Berlin",
    "2026-12-01 09:00 ../../etc/localtime",
    "2026-12-01 09:00 /dev/zero",
    "2026-W49-2",
    "1e9",
    "tomorrow",
    "2026-02-30 09:00",
    "2026-12-01T09:00:00.123456789+05:30",
)
MARKS = (
    *("---", "...", "<!--", "-->", "![", "](", "](x)", "[", "]", "(", ")", "\\", "`", "@alice", "#tag", "@", "*", "&a"),
    *("<<: *a", "!!python/object/apply:os.system [id]", "- ", ": ", "? ", "|", ">", "'", '"', "{", "}", ",", "\t", "%"),
    *("\n", "\n\n", "\r\n", "~", "null", "true", "no", "<script>", "$", "=", "[[", "]]", "<<<<<<< HEAD", ">>>>>>> x"),
)
TOKENS: Sequence[str] = (
    *(*CONTROLS, *DIRECTIONS, *LETTERS, *COMMANDS, *PATHS, *ADDRESSES, *NUMBERS, *TIMES, *MARKS),
    *(
        "a" * 70,
        "x " * 200,
        "[" * 30,
        "(" * 60,
        "{a: " * 25,
        "a.b." * 60,
        "@a." * 80,
        "#a" * 80,
        "![](" * 40,
        "\\" * 60,
    ),
)
BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80", b"\x00", b"\xfe\xff", b"\r", b"\xef\xbb\xbf", b"\x80" * 20)


def number_of_changes(random: Random) -> int:
    """Mostly one or two, sometimes many."""
    return random.choice((1, 1, 1, 1, 1, 2, 2, 3, 1, 6))


def text_changed(random: Random, text: str) -> str:
    """A text with one thing put in, taken out, said twice or said elsewhere."""
    at, to = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    to = min(to, at + random.choice((1, 3, 20, 200)))
    match random.randrange(6):
        case 0:
            return text[:at] + text[to:]
        case 1:
            return text[:to] + text[at:to] * random.choice((1, 1, 2, 20)) + text[to:]
        case 2:
            return text[:at] + random.choice(TOKENS) + text[to:]
        case _:
            return text[:at] + random.choice(TOKENS) + text[at:]


def _quoted(random: Random) -> str:
    """A value as somebody writes it who knows how to quote."""
    value = json.dumps(random.choice(TOKENS), ensure_ascii=random.random() < 0.5)
    return random.choice(("{}", "{}", "[{}]", "[{}, a]", "{{a: {}}}", "{{file: {}, alt: x}}")).format(value)


def line_changed(
    random: Random,
    text: str,
    values: Sequence[str] = TOKENS,
    quoted: Callable[[Random], str] = _quoted,
    mess: float = 1,
) -> str:
    """Front matter or a configuration with one line's value replaced or added to, or one line gone, twice or moved.
    `mess` is how often more than a value may change."""
    lines = text.split("\n")
    valued = [number for number, line in enumerate(lines) if ": " in line or "= " in line]
    number = random.choice(valued) if valued and random.random() < 0.9 else random.randrange(len(lines))
    line = lines[number]
    start = max(line.find(": "), line.find("= ")) + 2
    match random.choice((0, 1, 2, 3, 4, 4, 4, 7)) if random.random() < mess else random.choice((0, 4, 4, 4, 7, 7)):
        case 0:
            del lines[number]
        case 1:
            lines.insert(random.randrange(len(lines) + 1), line)
        case 2:
            lines.insert(number, random.choice(("", "  ", "# ", "- ", "\t")) + random.choice(lines))
        case 3:
            lines[number] = line[:start] + random.choice(values)
        case 4:
            lines[number] = line[:start] + quoted(random)
        case _:
            at = random.randint(min(start, len(line)), len(line))
            lines[number] = line[:at] + random.choice(values) + line[at:]
    return "\n".join(lines)


def bytes_changed(random: Random, data: bytes) -> bytes:
    """Now and then, bytes that are no text."""
    if random.random() < 0.97:
        return data
    at = random.randint(0, len(data))
    return data[:at] + random.choice(BYTES) + data[at + random.randrange(3) :]


ODD_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda random: None,
    lambda random: random.choice((True, False)),
    lambda random: random.choice((0, -1, 1, 10**18, -(10**18), 10**30, 10**400, 2**63, 2**64, 1.5, 1e308, -0.0)),
    lambda random: random.choice((float("inf"), float("-inf"), float("nan"))),
    lambda random: random.choice(TOKENS),
    lambda random: random.choice(("", "\ud800", "a\udfffb", "\x00", "x" * 2_000, "1", "-1", "500")),
    lambda random: random.choice(([], {}, [[]], [None], {"": ""}, [7, "x"], {"id": {}}, [{}] * 9)),
    lambda random: _nested(random.choice((5, 50, 300))),
)


def _nested(depth: int) -> Any:
    value: Any = []
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


_DEEPEST = 100


def json_changed(random: Random, value: Any) -> Any:
    """A JSON value with one value in it replaced, taken out, or given another name; what was given stays as it is."""
    at = random.randrange(_size(value))
    return _replaced(random, value, [at])


def _size(value: Any, depth: int = 0) -> int:
    if depth > _DEEPEST:
        return 1
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(_size(item, depth + 1) for item in inner)


def _replaced(random: Random, value: Any, left: list[int], depth: int = 0) -> Any:
    left[0] -= 1
    if depth > _DEEPEST:
        return value
    if left[0] == -1:
        return _odd(random, value)
    if isinstance(value, dict):
        changed = {}
        for key, item in value.items():
            is_it = left[0] == 0
            made = _replaced(random, item, left, depth + 1)
            if is_it and random.random() < 0.15:
                continue
            changed[random.choice(TOKENS) if is_it and random.random() < 0.05 else key] = made
        return changed
    if isinstance(value, list):
        return [_replaced(random, item, left, depth + 1) for item in value]
    return value


def _odd(random: Random, value: Any) -> Any:
    if isinstance(value, str) and random.random() < 0.5:
        return text_changed(random, value)
    if isinstance(value, list) and value and random.random() < 0.5:
        return value * random.choice((2, 8))
    return random.choice(ODD_VALUES)(random)


def json_bytes(random: Random, value: Any) -> bytes:
    """JSON as a server may write it, sometimes cut or with other bytes in it."""
    data = json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    if random.random() < 0.04:
        return random.choice((b"", b"<html>no</html>", b"null", b"7", b'"x"', b"[" * 2000, data[: len(data) // 2]))
    return bytes_changed(random, data)
