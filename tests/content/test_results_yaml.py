"""What is written as `results`, read back by readers that guess types and by those that do not."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fedisched.content.results_yaml import block_lines, flow_text, plain_results
from fedisched.model.results import PartResult, Result

Loader = yaml.BaseLoader | yaml.SafeLoader | yaml.CBaseLoader | yaml.CSafeLoader

TRICKY = [
    *("1155", "0123", "1e5", "0x1F", "1_000", "12:30", "1.5", ".5", "+1", "-1", ".inf", "-.INF", ".nan", "0o7", "0b1"),
    *("2026-12-01", "2026-12-01T09:00:00+01:00", "2026-12-01 09:00:00", "no", "Yes", "ON", "n", "y", "true", "FALSE"),
    *("~", "null", "Null", "", " ", " x", "x ", "a: b", "a #b", "a:", ":a", "- a", "? a", "a, b", "[a]", "{a}", "*a"),
    *("&a", "!a", "%a", "@a", "`a", "|", ">", "'", '"', "\\", "\\n", "a\nb", "a\r\nb", "\t", "---", "...", "=", "<<"),
    *("https://example.com/@me/1#x", "https://example.com/?a=b&c=%20~", "at://did:plc:abc/app.bsky.feed.post/3kabc"),
    *("🦊", "नमस्ते", "a\x85b", "a\u2028b", "a\u2029b", "\ufeffa", "\x00", "\x07", "\x7f", "\x9f", "\xa0", "\ufffe"),
]
LOADERS: list[type[Loader]] = [yaml.BaseLoader, yaml.SafeLoader, yaml.CBaseLoader, yaml.CSafeLoader]

texts = st.one_of(st.sampled_from(TRICKY), st.text(max_size=20), st.from_regex(r"[0-9a-z:_.+#-]{1,12}", fullmatch=True))
parts = st.builds(PartResult, texts, texts, texts, texts)
result = st.builds(
    Result, texts, texts, texts, texts, texts, texts, st.lists(parts, max_size=3).map(tuple), texts, st.integers(0, 9)
)
results = st.dictionaries(texts, result, max_size=3)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", TRICKY)
def test_a_text_stays_that_text(text: str, loader: type[Loader]) -> None:
    written = plain_results({text: Result(key=text, parts=(PartResult(url=text),))})
    assert yaml.load("\n".join(block_lines(written)), loader) == written
    assert yaml.load(flow_text(written), loader) == written


@given(results)
@example({"": Result()})
@example({"a": Result(parts=(PartResult(),))})
def test_every_reader_gets_back_what_was_meant(some: dict[str, Result]) -> None:
    written = plain_results(some)
    for loader in LOADERS:
        assert (yaml.load("\n".join(block_lines(written)), loader) or {}) == written
        assert yaml.load(flow_text(written), loader) == written
    assert {name: Result.from_plain(fields) for name, fields in written.items()} == some


def test_it_is_pleasant_to_read() -> None:
    results = {"mastodon": Result(key="3kabc", url="https://example.com/@me/1155", id="1155", attempts=2)}
    assert block_lines(plain_results(results)) == [
        "  mastodon:",
        '    key: "3kabc"',
        "    url: https://example.com/@me/1155",
        '    id: "1155"',
        '    attempts: "2"',
    ]


def test_half_a_surrogate_pair_does_not_stop_the_write_back() -> None:
    written = plain_results({"a": Result(error="bad \ud83e answer", parts=(PartResult(id="\udc00"),))})
    assert written == {"a": {"error": "bad \ufffd answer", "parts": [{"id": "\ufffd"}]}}


@given(texts)
def test_no_value_breaks_its_line(text: str) -> None:
    for line in block_lines(plain_results({text: Result(key=text)})):
        assert not re.search("[\n\r\x85\u2028\u2029]", line)
