"""`fedisched render --format github`: each post as every network will show it, as Markdown for a job's summary.

Approving a pull request is approving what is shown here, so nothing in a post may be able to look like a part of it:
see `github.inline` and `github.block`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fedisched.cli.exit import Exit
from fedisched.cli.extras import captioned, carded, described, extras
from fedisched.cli.github import SUMMARY_LIMIT, block, code, inline
from fedisched.cli.here import Here
from fedisched.cli.moments import local_words
from fedisched.cli.survey import Examined
from fedisched.cli.words import clean, plural
from fedisched.model.post import Post
from fedisched.model.problem import Problem
from fedisched.model.rendered import Facet, Rendered, RenderedPart

_ROOM = SUMMARY_LIMIT - 20_000
"""Bytes for posts; the rest is for saying how many more there are, and for what other commands of the step add."""
_LARGEST_PART = 50_000


def preview(here: Here, posts: Iterable[Examined], wanted: Sequence[str] | None) -> Exit:
    """Write the posts, as many as a summary takes; 1 if one of them has an error. `wanted` limits the targets."""
    said, left_out, shown, broken = 0, 0, 0, False
    for each in posts:
        broken = broken or any(problem.is_error for problem in each.problems)
        text = "\n".join(_post(each, wanted, here.settings.timezone)) + "\n"
        size = len(text.encode("utf-8", "replace"))
        if said + size > _ROOM:
            left_out += 1
            continue
        here.voice.result_as_is(text)
        said += size
        shown += 1
    if left_out:
        here.voice.result_as_is(f"\n**{plural(left_out, 'post')} more** than a summary has room for.\n")
    elif not shown:
        here.voice.result_as_is("No post to show.\n")
    return Exit.NEEDS_YOU if broken else Exit.DONE


def _post(each: Examined, wanted: Sequence[str] | None, timezone: str) -> Iterator[str]:
    yield f"### {code(each.path)}"
    yield ""
    if each.post is not None:
        yield _when(each.post, timezone)
        yield ""
    for problem in each.problems:
        yield _problem(problem)
    yield ""
    for name, rendering in each.renderings.items():
        if wanted is None or name in wanted:
            yield from _target(rendering.rendered, each.waits.get(name, ()))


def _when(post: Post, timezone: str) -> str:
    moment = f"**{inline(local_words(post.time, timezone))}**" if post.time else "no time"
    offset = f" (UTC{post.time.strftime('%z')}, as written)" if post.time and not timezone else ""
    title = f" · {inline(post.title)}" if post.title else ""
    return f"{post.status} · {moment}{offset}{title}"


def _problem(problem: Problem) -> str:
    sign = "❌" if problem.is_error else "⚠️"
    return f"- {sign} {problem.line}:{problem.column} {inline(f'{problem.message}. {problem.hint}')}"


def _target(rendered: Rendered, waits: Sequence[str]) -> Iterator[str]:
    counts = " + ".join(_count(part) for part in rendered.parts)
    yield f"#### {inline(rendered.target)} ({rendered.network}): {counts}"
    yield ""
    for why in waits:
        yield f"⏳ {inline(why)}"
        yield ""
    for number, part in enumerate(rendered.parts, 1):
        if len(rendered.parts) > 1:
            yield f"Part {number} of {len(rendered.parts)}, from line {part.line}, column {part.column}: {_count(part)}"
            yield ""
        yield block(part.text if len(part.text) <= _LARGEST_PART else f"{part.text[:_LARGEST_PART]}…")
        yield ""
        yield from _unseen(part.text)
        yield from (_facet(part, facet) for facet in part.facets)
        files = (*(described(media, rendered.network) for media in part.media), *map(captioned, part.captions))
        yield from (f"- {code(line)}" for line in (*extras(part), *files))
        if part.card:
            yield f"- {code(carded(part.card))}"
        yield ""


def _count(part: RenderedPart) -> str:
    text = f"{part.length}/{part.limit}"
    return f"**{text}, too long**" if part.length > part.limit else text


def _unseen(text: str) -> Iterator[str]:
    """Who approves a post should know of what cannot be shown here, and will be sent all the same."""
    if unseen := dict.fromkeys(f"U+{ord(each):04X}" for each in text if each != "\r" and not clean(each)):
        yield f"- ⚠️ not shown, but in the text: {', '.join(unseen)}"


def _facet(part: RenderedPart, facet: Facet) -> str:
    words = part.text.encode("utf-8", "surrogatepass")[facet.start : facet.end].decode("utf-8", "replace")
    return f"- {facet.kind} {code(words)} → {code(facet.value)}"
