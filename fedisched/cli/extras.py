"""What a part is sent with beside its text and its attachments, in a few words each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fedisched.model.rendered import Body, Pending, RenderedPart

_RULES = {"mentionRule": "mentioned", "followerRule": "followers", "followingRule": "following"}
_POLICIES = {"public": "everyone"}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


def extras(part: RenderedPart) -> list[str]:
    """A line each: warning, labels, what it answers and quotes, poll, tags, who may reply and quote."""
    body = part.body
    lines = [
        *_said("warning: ", body.get("spoiler_text")),
        *_said("visibility: ", body.get("visibility")),
        *_labels(body.get("labels")),
        *_references(body),
        *_poll(body.get("poll")),
        *_said("tags: ", _tags(body.get("tags"))),
        *_said("who may quote: ", _policy(body.get("quote_approval_policy"))),
    ]
    return [*lines, *(line for gate in part.gates for line in _gate(gate))]


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
