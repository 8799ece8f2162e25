"""What a part is sent with beside its text, in a few words each: all that changes how a post appears is shown before it
does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fedisched.cli.words import clean, clean_line
from fedisched.model.rendered import Attachment, Body, Card, Facet, Pending, RenderedPart

_RULES = {"mentionRule": "mentioned", "followerRule": "followers", "followingRule": "following"}
_POLICIES = {"public": "everyone"}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


def extras(part: RenderedPart) -> list[str]:
    """A line each: language, warning, labels, what it answers and quotes, poll, tags, who may reply and quote."""
    body = part.body
    lines = [
        *_said("language: ", _languages(body)),
        *_said("warning: ", body.get("spoiler_text")),
        *_sensitive(body.get("sensitive")),
        *_said("visibility: ", body.get("visibility")),
        *_labels(body.get("labels")),
        *_references(body),
        *_poll(body.get("poll")),
        *_said("tags: ", _tags(body.get("tags"))),
        *_said("who may quote: ", _policy(body.get("quote_approval_policy"))),
    ]
    return [*lines, *(line for gate in part.gates for line in _gate(gate))]


def described(attachment: Attachment, network: str) -> str:
    """An attachment in a line: what is sent, and its description."""
    shape = f"{attachment.width}×{attachment.height}, " if attachment.width else ""
    alt = attachment.alt or "no description"
    if attachment.making:
        kind = attachment.mime.partition("/")[2].upper()
        size = f"made {'an' if kind == 'MP4' else 'a'} {kind} of at most {attachment.most // 1000:,} kB"
    else:
        size = f"{-(-attachment.size // 1000):,} kB"
    # Bluesky knows no place that a cropped preview keeps.
    focus = f", focus {attachment.focus}" if attachment.focus and network == "mastodon" else ""
    return f"▣ {attachment.path} ({shape}{size}{focus}): {clean(alt)}"


def captioned(captions: Attachment) -> str:
    """A video's captions in a line."""
    return f"≡ {captions.path} (captions, {clean(captions.alt)})"


def carded(card: Card) -> str:
    """The link card as far as it is known: the page is asked shortly before the post goes out."""
    told = [f"“{clean_line(card.title)}”"] if card.title is not None else []
    told += [clean_line(card.description)] if card.description else []
    told += [f"picture {card.thumb.path}"] if card.thumb else [] if card.with_thumb else ["no picture"]
    told += [] if card.is_known else ["the page says the rest"]
    return f"▤ card of {card.url} ({'; '.join(told)})"


def led(part: RenderedPart) -> Iterator[str]:
    """Where the words in a text lead that do not say so themselves."""
    data = part.text.encode("utf-8", "surrogatepass")
    for facet in part.facets:
        words = data[facet.start : facet.end].decode("utf-8", "replace")
        if not _tells(words, facet):
            yield f"↗ {clean_line(words)} → {clean_line(facet.value)}"


def _tells(words: str, facet: Facet) -> bool:
    if facet.kind != "link":
        return True
    from fedisched.compose.links import says_the_same, shortened

    return words == shortened(facet.value) or says_the_same(words, facet.value)


def lasting(seconds: int) -> str:
    """`1d`, `1d12h`, `30m`."""
    said = ""
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        said += f"{count}{unit}" if count else ""
    return said or "0m"


def _said(what: str, value: Body) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield f"{what}{value}"


def _languages(body: Mapping[str, Body]) -> str:
    return ", ".join(map(str, _many(body.get("langs")))) or str(body.get("language", ""))


def _sensitive(value: Body) -> Iterator[str]:
    if value is not None:
        yield (
            "sensitive: pictures are hidden until they are asked for" if value else "not sensitive: pictures are shown"
        )


def _labels(labels: Body) -> Iterator[str]:
    if isinstance(labels, Mapping):
        values = labels.get("values")
        named = [str(value["val"]) for value in _many(values) if isinstance(value, Mapping)]
        yield f"labels: {', '.join(named)}"


def _references(body: Mapping[str, Body]) -> Iterator[str]:
    reply, embed = body.get("reply"), body.get("embed")
    answered = body.get("in_reply_to_id", reply.get("parent") if isinstance(reply, Mapping) else None)
    if isinstance(answered, Pending) and answered.of:
        yield f"answers {answered.of}"
    record = embed.get("record") if isinstance(embed, Mapping) else None
    inner = record.get("record") if isinstance(record, Mapping) else record
    quoted = body.get("quoted_status_id", inner)
    if isinstance(quoted, Pending):
        yield f"quotes {quoted.of}"


def _poll(poll: Body) -> Iterator[str]:
    if isinstance(poll, Mapping):
        seconds = poll.get("expires_in")
        how = [lasting(seconds) if isinstance(seconds, int) else ""]
        how += ["several choices"] if poll.get("multiple") else []
        how += ["results at the end"] if poll.get("hide_totals") else []
        yield f"poll: {' / '.join(map(str, _many(poll.get('options'))))} ({', '.join(how)})"


def _tags(tags: Body) -> str:
    return ", ".join(f"#{tag}" for tag in _many(tags))


def _policy(policy: Body) -> Body:
    return _POLICIES.get(str(policy), policy)


def _gate(gate: Mapping[str, Body]) -> Iterator[str]:
    if "allow" in gate:
        yield f"who may reply: {', '.join(map(_rule, _many(gate['allow']))) or 'nobody'}"
    if "embeddingRules" in gate:
        yield "who may quote: nobody"


def _rule(rule: Body) -> str:
    if not isinstance(rule, Mapping):
        return ""
    name = str(rule.get("$type")).rpartition("#")[2]
    listed = rule.get("list")
    return _RULES.get(name) or f"those on {listed.of if isinstance(listed, Pending) else listed}"


def _many(value: Body) -> Sequence[Body]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
