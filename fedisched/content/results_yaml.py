"""How fedisched writes `results`: YAML that every reader takes for the same texts.

A value stays plain only if it starts with a letter and has nothing in it that means something in YAML; ids, times and
whatever else a type-guessing reader would turn into a number, a date or a truth are in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedisched.model.results import Plain, Result

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_./:@+?=&%~-]*(?<!:)")
# What YAML 1.1 takes for a truth or for nothing, in any case: https://yaml.org/type/bool.html
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

# Everything that is not printable in YAML, that any reader takes for a line break, or that turns the direction of the
# text: a server's words must not read as others.
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f-\xa0\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]')
_SHORT = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def plain_results(results: Mapping[str, Result]) -> dict[str, dict[str, Plain]]:
    """What is written, as a reader gets it back. Half a surrogate pair, which no file can hold, becomes U+FFFD."""
    return {_whole(target): _whole_texts(result.to_plain()) for target, result in results.items()}


def block_lines(results: Mapping[str, Mapping[str, Plain]]) -> list[str]:
    """The lines below `results:`, relative to its column, without line breaks."""
    return [f"  {line}" for target, fields in results.items() for line in _target_lines(target, fields)]


def flow_text(results: Mapping[str, Mapping[str, Plain]]) -> str:
    """The same on one line, for a front matter in braces."""
    return _flow_mapping({target: _flow_mapping(_flow_fields(fields)) for target, fields in results.items()})


def _target_lines(target: str, fields: Mapping[str, Plain]) -> Iterator[str]:
    yield f"{_key(target)}:" if fields else f"{_key(target)}: {{}}"
    for name, value in fields.items():
        if isinstance(value, str):
            yield f"  {name}: {_value(value)}"
        else:
            yield f"  {name}:"
            yield from (f"    {line}" for part in value for line in _part_lines(part))


def _part_lines(part: Mapping[str, str]) -> Iterator[str]:
    if not part:
        yield "- {}"
    for number, (name, value) in enumerate(part.items()):
        yield f"{' ' if number else '-'} {name}: {_value(value)}"


def _flow_fields(fields: Mapping[str, Plain]) -> dict[str, str]:
    return {name: _quoted(value) if isinstance(value, str) else _flow_parts(value) for name, value in fields.items()}


def _flow_parts(parts: list[dict[str, str]]) -> str:
    return "[" + ", ".join(_flow_mapping({name: _quoted(v) for name, v in part.items()}) for part in parts) + "]"


def _flow_mapping(written: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_key(name)}: {value}" for name, value in written.items()) + "}"


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _WORDS else _quoted(name)


def _value(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) and text.lower() not in _WORDS else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04X}"


def _whole(text: str) -> str:
    return _LONE_SURROGATE.sub("\ufffd", text)


def _whole_texts(fields: Mapping[str, Plain]) -> dict[str, Plain]:
    return {
        name: _whole(value) if isinstance(value, str) else [{n: _whole(v) for n, v in part.items()} for part in value]
        for name, value in fields.items()
    }
