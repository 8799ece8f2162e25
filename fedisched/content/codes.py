"""Every code that a problem of this room can have, and what it means: for `check --format json`, and for the docs.

Codes are a contract: one may be added, none renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        # The folder.
        "file-name": "a name with control characters, or that is not UTF-8",
        "found-twice": "a link to what is found without it",
        "link-loop": "a link that leads back to itself",
        "no-such-file": "a file that is not there, or a link to nothing",
        "no-such-folder": "the posts folder is not there",
        "not-a-file": "a directory, FIFO, socket or device where a post should be",
        "not-readable": "a file that may not, or cannot, be read",
        "other-ending": "a warning: a Markdown file that does not end in `.md`",
        "outside-folder": "a path that leads out of the content folder",
        # The file.
        "binary": "a NUL byte",
        "conflict-marker": "a line that git left in an unfinished merge",
        "empty-file": "nothing but white space",
        "file-too-large": "more than 1 MB",
        "line-endings": "a CR without an LF",
        "not-utf-8": "a byte that is not UTF-8",
        "utf-16": "UTF-16 instead of UTF-8",
        # The fences.
        "front-matter-not-closed": "no closing `---`",
        "front-matter-too-large": "more than 64 KB of front matter",
        "json-front-matter": "JSON instead of YAML",
        "no-front-matter": "no opening `---`",
        "toml-front-matter": "TOML instead of YAML",
        # YAML.
        "alias": "a YAML alias (`*name`)",
        "anchor": "a YAML anchor (`&name`)",
        "control-character": "a control character in the front matter",
        "duplicate-key": "a key that is there twice",
        "indentation": "a key that does not stand under the one above it",
        "invalid-yaml": "anything else that YAML does not take",
        "key-not-text": "a key that is a list, a mapping or nothing",
        "merge-key": "a YAML merge key (`<<`)",
        "no-colon": "a line without `key: `",
        "not-a-mapping": "front matter that is a list or a text",
        "open-bracket": "a `[` or `{` that is never closed",
        "open-quote": "a quote that is never closed",
        "several-documents": "several YAML documents, or marks of one",
        "tab": "a tab that indents",
        "tag": "a YAML tag (`!name`)",
        "too-deep": "more than 20 levels",
        "unquoted-colon": "a colon and a space inside an unquoted value",
        "unquoted-value": "a value that starts with a sign that means something in YAML",
        # Keys and values.
        "captions-form": "`captions` in an item of `media` that names no file",
        "comment": "a value, or its end, that YAML takes for a comment",
        "duplicate-target": "a target that is named twice",
        "empty-body": "no text below the front matter (a warning in a draft)",
        "focus-form": "`focus` in an item of `media` with anything but two numbers from -1 to 1",
        "lang-form": "no language's code",
        "link-form": "`link` with what makes no card",
        "media-form": "an item of `media` that names no file",
        "no-targets": "no target to publish to, or an empty one",
        "no-time": "`status: scheduled` without a time",
        "not-text": "a list or a mapping where a text should be",
        "not-yes-or-no": "neither true nor false",
        "not-yet": "a key that a later version knows",
        "results-shape": "`results` that fedisched did not write so",
        "thread-form": "`thread` with anything but `auto`",
        "unknown-key": "a key that is not known",
        "unknown-label": "a label that Bluesky does not have",
        "unknown-status": "a status that is not known",
        "unknown-target": "no such account or group",
        "unknown-visibility": "a visibility that is not known",
        # Time.
        "time-bare-clock": "a clock without a date",
        "time-bare-date": "a date without a clock",
        "time-form": "any other wrong form",
        "time-gap": "a moment that clocks skip",
        "time-leap-second": "second 60",
        "time-no-such-clock": "hour 25, minute 60",
        "time-no-such-date": "30 February",
        "time-no-zone": "a local time, and no timezone in the config",
        "time-number": "a number",
        "time-offset": "an offset of a day or more",
        "time-overlap": "a moment that comes twice",
        "time-range": "before 1970 or after 9999",
        "time-relative": "`tomorrow`, `now`",
        "time-unknown-zone": "no such timezone",
        "time-week-date": "a week date",
        "time-zone-data": "this machine has no time zone data",
    }
)
