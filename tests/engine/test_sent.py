from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedisched.engine.sent import from_text, to_text
from fedisched.model.rendered import Attachment, Body, Facet, Pending, Rendered, RenderedPart

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
sizes = st.integers(min_value=0, max_value=10**9)
pending = st.builds(Pending, st.sampled_from(["did", "blob", "media", "created_at", "root", "parent"]), texts)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | pending
bodies = st.dictionaries(
    texts,
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)),
    max_size=3,
)
facets = st.builds(Facet, sizes, sizes, st.sampled_from(["link", "mention", "tag"]), texts)
media = st.builds(Attachment, texts, texts, texts, sizes, sizes, sizes)
parts = st.builds(
    RenderedPart,
    text=texts,
    length=sizes,
    limit=sizes,
    body=bodies,
    bytes=st.none() | sizes,
    facets=st.lists(facets, max_size=2).map(tuple),
    media=st.lists(media, max_size=2).map(tuple),
    captions=st.lists(media, max_size=2).map(tuple),
)
rendereds = st.builds(
    Rendered, texts, texts, st.sampled_from(["mastodon", "bluesky"]), st.lists(parts, max_size=2).map(tuple)
)


@given(rendereds)
def test_what_was_sent_comes_back_as_it_was(rendered: Rendered) -> None:
    assert from_text(to_text(rendered)) == rendered


def test_nothing_was_sent_before_the_first_send() -> None:
    assert from_text("") is None


def test_a_key_of_the_body_that_looks_like_ours_is_not_taken_for_pending() -> None:
    body: dict[str, Body] = {"pending": ["did", "alice"], "deep": [{"x": Pending("blob", "1")}]}
    rendered = Rendered("p", "m", "mastodon", (RenderedPart("a", 1, 2, body),))
    assert from_text(to_text(rendered)) == rendered


def test_what_an_earlier_version_sent_had_no_captions() -> None:
    rendered = Rendered("p", "b", "bluesky", (RenderedPart("a", 1, 2, {}, media=(Attachment("a", "b", "c", 1),)),))
    text = to_text(rendered).replace(', "captions": []', "")
    assert "captions" not in text
    assert from_text(text) == rendered
