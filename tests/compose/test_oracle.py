"""An independent oracle: Bluesky's own library finds the same facets as we do, counts the same, and tidies the same.

Where we differ we do so on purpose: each difference has its reason here, and a reason that nothing needs fails.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple

import pytest

from fedisched.compose.facets import detected
from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.traced import Traced
from tests.oracle.atproto_api import Oracle, Shown
from tests.oracle.texts import texts

from .posts import only_part, render

NUMBER, SEED, BATCH = 6000, 20261201, 500
OURS = re.compile(r"[\[\]\\<]|://|^---|\w\.\w|@alice|@[^\s@]*\.", re.MULTILINE)
Facet = tuple[int, int, str, str]


def ours(text: str) -> list[Facet]:
    traced = Traced(text, tuple(range(len(text))))

    def offset(index: int) -> int:
        return len(text[:index].encode())

    return [(offset(span.start), offset(span.end), span.kind, span.value) for span in detected(traced)]


def _no_handle(facet: Facet, mine: list[Facet]) -> bool:
    """The app takes `@-a.com`, `@a..com` or a name of 300 characters for a mention, asks for its DID, gets none, and
    drops it (https://atproto.com/specs/handle says what a handle can be). We ask nobody."""
    labels = facet[3].split(".")
    impossible = [
        label for label in labels if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", label)
    ]
    return facet[2] == "mention" and (bool(impossible) or len(facet[3]) > 253)


def _no_address(facet: Facet, mine: list[Facet]) -> bool:
    """The app makes a link of `https://` with nothing behind it, which is no URI: the lexicon refuses the post."""
    return facet[2] == "link" and facet[3] in ("https://", "https://.", "https:///")


def _no_scheme(facet: Facet, mine: list[Facet]) -> bool:
    """The app leaves a bare domain that begins with `http` as it is (`httpbin.org`): a link without a scheme, which the
    lexicon refuses. We give it one, if its domain is one that could be linked (`http.example` is none)."""
    if facet[2] != "link" or not facet[3].startswith("http") or "://" in facet[3].partition("/")[0]:
        return False
    ours_instead = (*facet[:3], f"https://{facet[3]}")
    return ours_instead in mine or facet[3].startswith("http.example")


REASONS: Mapping[str, Callable[[Facet, list[Facet]], bool]] = {
    "a handle that cannot exist": _no_handle,
    "an address without a host": _no_address,
    "a bare domain that begins with http": _no_scheme,
}


@pytest.mark.node
def test_the_app_finds_the_same_in_thousands_of_texts(oracle: Oracle) -> None:
    asked = list(texts(NUMBER, SEED))
    kinds: Counter[str] = Counter()
    differences: Counter[str] = Counter()
    for text, shown in zip(asked, _shown(oracle, asked), strict=True):
        mine = ours(text)
        kinds.update(facet[2] for facet in shown.facets)
        explained = []
        for facet in set(shown.facets) - set(mine):
            reason = next((name for name, holds in REASONS.items() if holds(facet, mine)), None)
            assert reason is not None, f"the app finds {facet} in {text!r}, we do not"
            differences[reason] += 1
            explained.append(facet)
        for start, end, kind, value in set(mine) - set(shown.facets):
            instead = (start, end, kind, value.removeprefix("https://"))
            beneath = any(start < theirs[1] and theirs[0] < end for theirs in explained)
            assert instead in explained or beneath, f"we find {value} in {text!r}, the app does not"
    assert set(differences) == set(REASONS), "a reason that nothing needs"
    assert min(kinds[kind] for kind in ("link", "mention", "tag")) > 1000, "the texts are too tame"
    assert sum(differences.values()) < sum(kinds.values()) // 4


@pytest.mark.node
def test_the_app_counts_the_same(oracle: Oracle) -> None:
    asked = list(texts(NUMBER, SEED + 1))
    for text, shown in zip(asked, _shown(oracle, asked), strict=True):
        assert (count_graphemes(text), len(text.encode())) == (shown.graphemes, shown.bytes), ascii(text)


@pytest.mark.node
def test_what_is_sent_is_tidied_as_the_app_does_and_counted_as_it_does(oracle: Oracle) -> None:
    """Texts without anything of ours (escapes, pictures, comments), and without links, which are shortened."""
    plain = [text for text in texts(3 * NUMBER, SEED + 2) if not OURS.search(text)]
    assert len(plain) > 2000
    sent = []
    for text, shown in zip(plain, _shown(oracle, plain), strict=True):
        sent.append(only_part(render(text, "bluesky")))
        assert sent[-1].text == shown.tidied, ascii(text)
    for part, shown in zip(sent, _shown(oracle, [part.text for part in sent]), strict=True):
        assert (part.length, part.bytes) == (shown.graphemes, shown.bytes)
        assert tuple(astuple(facet) for facet in part.facets) == shown.facets


def _shown(oracle: Oracle, asked: list[str]) -> list[Shown]:
    return [shown for start in range(0, len(asked), BATCH) for shown in oracle.shown(asked[start : start + BATCH])]
