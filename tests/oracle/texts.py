"""Texts in many scripts that mix everything a network may find a meaning in: drawn from a seed, so always the same."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

_WORDS = (
    *("hello", "World", "naïve", "e\u0301te\u0301", "straße", "İstanbul", "привет", "Ελλάδα", "שלום", "مرحبا", "سلام"),
    *("日本語", "テキスト", "한국어", "ㅎㅎ", "中文字", "नमस्ते", "क्षत्रिय", "தமிழ்", "বাংলা", "ภาษาไทย", "ខ្មែរ", "မြန်မာ"),
    *("ไทย", "ᚠᚢᚦ", "𝔘𝔫𝔦", "🙂", "👍🏽", "👨‍👩‍👧‍👧", "🏳️‍🌈", "🇩🇪", "🇩🇪🇫", "1️⃣", "❤️", "☎︎", "🧑🏿‍🚀", "z̷̢͠a̵͎", "ﬁ", "ǆ"),
    *(
        "2*3*4",
        "C:\\new",
        "a/b",
        "x=1",
        "100%",
        "3.14",
        "it's",
        "don’t",
        "—",
        "…",
        "co\u00adop",
        "\u200bzero",
        "a\u2060b",
    ),
)
_LINKS = (
    *("https://example.com", "http://example.com/", "https://example.com/a/very/long/path?with=query#hash", "bsky.app"),
    *(
        "https://ja.wikipedia.org/wiki/日本語",
        "https://例え.jp/パス",
        "example.com/index.php",
        "Example.com",
        "a.b.co.uk",
    ),
    *(
        "https://x.com/(paren)",
        "https://x.com/a_(b)_c",
        "https://user:pw@x.com:8080/",
        "HTTPS://EXAMPLE.COM",
        "https://",
    ),
    *("https://.", "http.foo", "httpbin.org", "http.example", "ftp://x.com", "www.example.com", "e.g.", "file.txt"),
    *("example.notatld", "xn--p1ai.com", "my-site.com", "1.example.com", "example.com.", "example..com", "пример.рф"),
    *(
        "https://x.com/\u200b",
        "https://x.com?q=é&r=🙂",
        "https.example.com",
        "notalink.123",
        "https://[::1]/",
        "t.co/x",
    ),
)
_MENTIONS = (
    *("@alice.bsky.social", "@handle.com", "@full123-chars.test", "@a.b.c.example.org", "@Alice.Example.COM", "@alice"),
    *("@alice.notatld", "@-a.com", "@a-.com", "@a..com", "@.com", "@user@mastodon.social", "@handle.com'ы", "@é.com"),
    *("me@example.com", "@例え.jp", "@a.xn--p1ai", "@handle.com_", "@handle.com-", "@1.com", "@a.test", "@日本.com"),
    *("@" + "a" * 64 + ".com", "@" + "a." * 130 + "com"),
)
_TAGS = (
    *(
        "#tag",
        "＃tag",
        "#1",
        "#1a",
        "#täg",
        "#नमस्ते",
        "#日本語タグ",
        "#مرحبا",
        "#🦋",
        "#👨‍👩‍👧‍👧",
        "#️⃣tag",
        "##hash",
        "#a#b",
    ),
    *(
        "#punct,",
        "#a.b.c",
        "#?",
        "#!x",
        "#\u200ba",
        "#a\u200bb",
        "#a\u00adb",
        "#",
        "＃",
        "#e\u0301",
        "#under_score",
        "#-",
        "#—a",
    ),
    *(
        "#" + "a" * 64,
        "#" + "a" * 65,
        "#" + "🦋" * 32,
        "#" + "🦋" * 33,
        "#" + "日" * 64,
        "#" + "日" * 65,
        "#①",
        "#٣",
        "#²",
    ),
    *("$GOOG", "$goog", "$a", "$ABCDE", "$ABCDEF", "$1A", "$A1", "$100", "$", "$GOOG’s", "US$GOOG", "$ÉA", "$AB_C"),
)
_SPACES = (
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n\n",
    "\n\n\n",
    "\n \n\u200b\n",
    "  ",
    "\t",
    "\xa0",
    "\u3000",
    "\u2028",
    "\ufeff",
    "\u200a",
    "",
)
_SIGNS = (
    "",
    "",
    "",
    "",
    ".",
    ",",
    "!",
    "?",
    ";",
    ":",
    ")",
    "'",
    '"',
    "’",
    "…",
    "。",
    "、",
    "」",
    "!?",
    ").",
    "))",
    "\ufe0f",
    "\u200d",
)
_OPENING = ("", "", "", "", "", "(", "((", "[", "«", "「", "'", "-", ".", "\u200b", "\u202b")


def texts(number: int, seed: int) -> Iterator[str]:
    """So many texts, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(number):
        yield "".join(_piece(chance) for _ in range(chance.randint(1, 12)))


def _piece(chance: random.Random) -> str:
    pool = chance.choice((_WORDS, _WORDS, _LINKS, _MENTIONS, _TAGS, None))
    core = _anything(chance) if pool is None else chance.choice(pool)
    return chance.choice(_OPENING) + core + chance.choice(_SIGNS) + chance.choice(_SPACES)


def _anything(chance: random.Random) -> str:
    """Characters of any script; what Unicode has only lately made one left out, since libraries differ in how late."""
    ranges = ((0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x6FF), (0x900, 0xDFF), (0x1100, 0x11FF))
    more = (
        (0x2000, 0x206F),
        (0x20D0, 0x20F0),
        (0x3000, 0x30FF),
        (0x4E00, 0x4EFF),
        (0xAC00, 0xACFF),
        (0x1F1E6, 0x1F1FF),
    )
    emoji = ((0x1F3FB, 0x1F3FF), (0x1F400, 0x1F64F), (0xFE00, 0xFE0F), (0xE0020, 0xE007F))
    low, high = chance.choice((*ranges, *more, *emoji))
    drawn = "".join(chr(chance.randint(low, high)) for _ in range(chance.randint(1, 5)))
    return "".join(character for character in drawn if unicodedata.category(character) != "Cn")
