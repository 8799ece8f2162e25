from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.model.results import PartResult, Result

texts = st.text(max_size=12)
parts = st.builds(PartResult, url=texts, id=texts, uri=texts, cid=texts)
results = st.builds(
    Result,
    **dict.fromkeys(("key", "url", "id", "uri", "cid", "at", "error", "next_try", "dropped"), texts),
    state=st.sampled_from(["", "held", "failed"]),
    parts=st.lists(parts, max_size=3).map(tuple),
    attempts=st.integers(min_value=0, max_value=99_999_999),
)
anything = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from(["url", "id"]), inner),
    max_leaves=6,
)
names = st.sampled_from(
    ["key", "url", "id", "uri", "cid", "at", "parts", "error", "attempts", "next_try", "state", "dropped", "mine"]
)


@given(results)
def test_a_result_comes_back_as_it_was_written(result: Result) -> None:
    assert Result.from_plain(result.to_plain()) == result


@given(results)
def test_nothing_empty_is_written_and_every_value_is_text(result: Result) -> None:
    for name, value in result.to_plain().items():
        assert value
        assert isinstance(value, str) or name == "parts"


@given(st.dictionaries(names, anything, max_size=6))
def test_a_block_that_a_person_damaged_still_reads(plain: dict[str, object]) -> None:
    result = Result.from_plain(plain)
    assert isinstance(result.attempts, int)
    assert result.url == (plain["url"] if isinstance(plain.get("url"), str) else "")


def test_the_keys_stand_in_the_order_that_people_read() -> None:
    result = Result("k", "https://a.example/1", "1", "at://x", "baf", "2026-12-01T09:00:00+01:00", (PartResult("u"),))
    result = replace(result, error="no", attempts=2, next_try="later", state="held", dropped="now")
    assert list(result.to_plain()) == [
        "key", "url", "id", "uri", "cid", "at", "parts", "error", "attempts", "next_try", "state",
        "dropped",
    ]  # fmt: skip
    assert result.to_plain()["attempts"] == "2"
    assert result.to_plain()["parts"] == [{"url": "u"}]


@pytest.mark.parametrize("attempts", ["²", "-1", "1e3", "1234567890", "", " 3", "٣"])
def test_what_is_no_count_of_attempts_reads_as_none(attempts: str) -> None:
    assert Result.from_plain({"attempts": attempts}).attempts == 0


def test_only_a_url_without_an_error_claims_to_be_published() -> None:
    assert Result(url="https://a.example/1").is_published
    assert not Result(url="https://a.example/1", error="already published").is_published
    assert not Result(key="3jzfcijpj2z2a").is_published
    assert not Result(parts=(PartResult("https://a.example/1"),)).is_published


def test_a_block_stands_for_what_it_says_of_itself() -> None:
    assert Result(key="k", error="no", state="held").stands == "held"
    assert Result(key="k", error="no", state="failed").stands == "failed"
    assert Result(key="k", dropped="now").stands == "dropped"
    assert Result(key="k", error="no").stands == Result(url="https://a.example/1", dropped="now").stands == ""
    assert Result.from_plain({"state": "sleepy"}).stands == ""
