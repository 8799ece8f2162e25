"""What a post's front matter is on Bluesky beside its record's text: labels, gates, and what Bluesky cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedisched.compose import without_effect
from fedisched.compose.draft import Draft, is_bluesky_page
from fedisched.compose.graphemes import count_graphemes
from fedisched.model.problem import Problem
from fedisched.model.rendered import Body, Pending

LABELS = ("!no-unauthenticated", "graphic-media", "nudity", "porn", "sexual")

_MOST_LABELS = 10
_MOST_TAGS, _TAG_CHARACTERS, _TAG_BYTES = 8, 64, 640
_MOST_RULES = 5
_THREADGATE, _POSTGATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
_RULES = {"mentioned": "mentionRule", "followers": "followerRule", "following": "followingRule"}
_POST = re.compile(r"at://[^/\s]+/app\.bsky\.feed\.post/[^/\s]+")
_LIST_PAGE = re.compile(r"https?://[^/]+/profile/(did:[^/]+)/lists/([^/?#]+)")


def labels_of(draft: Draft) -> tuple[str, ...]:
    """The post's labels: its own, or the one that the config gives to a post with a content warning."""
    post, mapped = draft.post, draft.settings.bluesky.cw
    if not post.labels and post.cw.strip() and mapped != "text":
        return (mapped,)
    return tuple(dict.fromkeys(post.labels))


def gates(draft: Draft) -> tuple[Mapping[str, Body], ...]:
    """The records that go along with a part: who may reply to the thread, with its first part; who may quote it, with
    each."""
    post = draft.post
    found: list[Mapping[str, Body]] = []
    if post.replies is not None and draft.number == 1:
        found.append(_gate(_THREADGATE, allow=[_rule(rule) for rule in post.replies]))
    if post.quotes == "nobody":
        found.append(_gate(_POSTGATE, embeddingRules=[{"$type": f"{_POSTGATE}#disableRule"}]))
    return tuple(found)


def with_quote(embed: Body, draft: Draft) -> Body:
    """A part's embed, with the post that it quotes beside it; None for neither."""
    if not draft.post.quote or draft.number > 1:
        return embed
    quoted: dict[str, Body] = {"$type": "app.bsky.embed.record", "record": Pending("quoted", draft.post.quote)}
    if embed is None:
        return quoted
    return {"$type": "app.bsky.embed.recordWithMedia", "record": quoted, "media": embed}


def _gate(kind: str, **rules: Body) -> Mapping[str, Body]:
    return {"$type": kind, "post": Pending("uri"), **rules, "createdAt": Pending("created_at")}


def _rule(rule: str) -> Body:
    if rule in _RULES:
        return {"$type": f"{_THREADGATE}#{_RULES[rule]}"}
    return {"$type": f"{_THREADGATE}#listRule", "list": _list(rule)}


def _list(name: str) -> Body:
    """A list's at-uri, as far as that is known without asking who has a handle."""
    if name.startswith("at://did:"):
        return name
    page = _LIST_PAGE.fullmatch(name)
    return f"at://{page[1]}/app.bsky.graph.list/{page[2]}" if page else Pending("list", name)


def unfit(draft: Draft) -> Iterator[Problem]:
    """What the front matter asks for and Bluesky cannot do."""
    post, target = draft.post, draft.target
    if post.visibility in ("private", "direct"):
        message = f"{target} cannot keep a post {post.visibility}: everything on Bluesky is public"
        hint = (
            f"Take {target} out of targets; or, if everybody may read it there, say so: "
            f"`override: {{{target}: {{visibility: public}}}}`."
        )
        yield draft.wrong("visibility", "not-private", message, hint)
    unknown = [(number, label) for number, label in enumerate(post.labels) if label not in LABELS]
    if unknown or len(post.labels) > _MOST_LABELS:
        number, label = unknown[0] if unknown else (_MOST_LABELS, "")
        message = f"Bluesky has no label {label}" if unknown else f"more than {_MOST_LABELS} labels"
        yield draft.wrong(f"labels.{number}", "unknown-label", message, f"Choose among {', '.join(LABELS)}.")
    if post.poll:
        yield draft.cannot("poll", "no-polls", f"{target} has no polls: there are none on Bluesky")
    if post.quotes == "followers":
        message = f"{target} cannot leave quoting to followers: on Bluesky everyone may quote a post, or nobody"
        yield draft.cannot("quotes", "quotes-unfit", message)
    if post.replies is not None and len(post.replies) > _MOST_RULES:
        message = f"{len(post.replies)} kinds of people who may reply, and Bluesky takes {_MOST_RULES}"
        yield draft.wrong(f"replies.{_MOST_RULES}", "replies-too-many", message, "Take some out.")
    if post.replies is not None and post.reply_to:
        message = f"{target} cannot limit who may reply to an answer: who began the thread decides that"
        yield draft.cannot("replies", "replies-unfit", message)
    yield from _strange_addresses(draft)
    yield from _wrong_tags(draft)
    yield from without_effect.on_bluesky(draft, labelled=bool(labels_of(draft)))


def _strange_addresses(draft: Draft) -> Iterator[Problem]:
    for key, name in (("reply_to", draft.post.reply_to), ("quote", draft.post.quote)):
        if name.startswith(("http://", "https://")) and not is_bluesky_page(name):
            yield draft.elsewhere(key, f"{name} is no post on Bluesky, where {draft.target} is")
        elif name.startswith("at://") and not _POST.fullmatch(name):
            hint = "Write it like at://did:plc:…/app.bsky.feed.post/3k…, or take the post's address in the app."
            yield draft.wrong(key, "bad-reference", f"{name} is no post", hint)


def _wrong_tags(draft: Draft) -> Iterator[Problem]:
    tags = draft.post.tags
    if len(tags) > _MOST_TAGS:
        message = f"{len(tags)} tags, and Bluesky takes {_MOST_TAGS} beside those in the text"
        yield draft.wrong(
            f"tags.{_MOST_TAGS}", "too-many-tags", message, "Take some out, or write them into the text as #tags."
        )
    for number, tag in enumerate(tags):
        if count_graphemes(tag) > _TAG_CHARACTERS or len(tag.encode()) > _TAG_BYTES:
            message = f"the tag {tag[:20]}… is longer than {_TAG_CHARACTERS} characters or {_TAG_BYTES} bytes"
            yield draft.wrong(f"tags.{number}", "tag-too-long", message, "Shorten it.")
