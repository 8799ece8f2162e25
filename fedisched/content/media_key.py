"""The `media` key: files to attach, each with its description, its focus and its captions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedisched.content.keys import NOTHING, did_you_mean
from fedisched.content.tree import Entries, Listing, Node, Scalar, Tree, short
from fedisched.model.post import Medium
from fedisched.model.problem import Problem

_KEYS = ("file", "alt", "focus", "captions")
_ELSEWHERE = {
    "path": "file",
    "src": "file",
    "url": "file",
    "name": "file",
    "image": "file",
    "description": "alt",
    "text": "alt",
    "focal_point": "focus",
    "subtitles": "captions",
}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
# A GIF may become a video.
_WITHOUT_CAPTIONS = re.compile(r"\.(?:png|jpe?g|webp|avif|hei[cf]|mp3|m4a|og[ga]|opus|aac|wav|flac)$", re.IGNORECASE)
_EXAMPLE = "`media: [{file: cat.jpg, alt: A cat asleep}]`"


def read_media_key(tree: Tree) -> tuple[tuple[Medium, ...], list[Problem]]:
    """What `media` attaches, nothing for `false`, and what is wrong with it; an item that names no file is left out."""
    problems: list[Problem] = []
    node = tree.get("media")
    if isinstance(node, Scalar) and node.plain and node.text.lower() in NOTHING:
        return (), []
    items: tuple[Node, ...] = () if node is None else node.items if isinstance(node, Listing) else (node,)
    media = [medium for item in items if (medium := _medium(tree, item, problems)) is not None]
    return tuple(media), problems


def _medium(tree: Tree, item: Node, problems: list[Problem]) -> Medium | None:
    if isinstance(item, Scalar) and not item.missing:
        return Medium(item.text, "", tree.mark(item.offset))
    if not isinstance(item, Entries):
        hint = f"Write {_EXAMPLE}."
        problems.append(tree.problem(item.offset, "media-form", "this item of `media` names no file", hint))
        return None
    problems += _unknown_keys(tree, item)
    texts = {key: _text(tree, item, key, problems) for key in ("file", "alt")}
    focus = _focus(tree, item.values.get("focus"), problems)
    captions = tuple(_captions(tree, item.values.get("captions"), problems))
    if captions and _WITHOUT_CAPTIONS.search(texts["file"]):
        message = f"captions belong to videos, and {short(texts['file'])} is none"
        hint = "Take them out; what is to be known of a picture or a sound stands in `alt`."
        problems.append(tree.problem(captions[0].offset, "captions-unused", message, hint, "warning"))
    names, marks = tuple(each.text for each in captions), tuple(tree.mark(each.offset) for each in captions)
    if not texts["file"]:
        if "file" not in item.values:
            hint = f"Write {_EXAMPLE}."
            problems.append(tree.problem(item.offset, "media-form", "this item of `media` has no `file`", hint))
        return None
    return Medium(texts["file"], texts["alt"].strip(), tree.mark(item.values["file"].offset), focus, names, marks)


def _unknown_keys(tree: Tree, item: Entries) -> Iterator[Problem]:
    for key, offset in item.keys.items():
        if key not in _KEYS:
            other = _ELSEWHERE.get(key.lower().replace("-", "_"))
            meant = f"Did you mean `{other}`? " if other else did_you_mean(key, _KEYS)
            message = f"there is no key `{short(key)}` in an item of `media`"
            yield tree.problem(offset, "unknown-key", message, f"{meant}The keys are {', '.join(_KEYS)}.")


def _text(tree: Tree, item: Entries, key: str, problems: list[Problem]) -> str:
    node = item.values.get(key)
    if node is None:
        return ""
    if isinstance(node, Scalar) and (not node.missing or key == "alt"):
        return "" if node.missing else node.text
    hint = f"Write one text: `{key}: …`, in quotes if it has special characters."
    problems.append(tree.problem(node.offset, "not-text", f"`{key}` is not a text", hint))
    return ""


def _focus(tree: Tree, node: Node | None, problems: list[Problem]) -> str:
    """`x,y`, as Mastodon takes it; empty if it is left out, or wrong."""
    if node is None or (isinstance(node, Scalar) and node.missing):
        return ""
    texts: list[str] = []
    if isinstance(node, Scalar):
        texts = [text.strip() for text in node.text.split(",")]
    elif isinstance(node, Listing):
        texts = [item.text if isinstance(item, Scalar) else "" for item in node.items]
    if len(texts) == 2 and all(_NUMBER.fullmatch(text) and abs(float(text)) <= 1 for text in texts):
        return f"{float(texts[0])},{float(texts[1])}"
    hint = "Write two numbers from -1 to 1: `focus: 0.2,-0.5` is a little right of the middle, and well below it."
    problems.append(tree.problem(node.offset, "focus-form", "`focus` is no place in a picture", hint))
    return ""


def _captions(tree: Tree, node: Node | None, problems: list[Problem]) -> Iterator[Scalar]:
    if node is None or (isinstance(node, Scalar) and node.missing):
        return
    for item in node.items if isinstance(node, Listing) else (node,):
        if isinstance(item, Scalar) and not item.missing:
            yield item
        else:
            hint = "Name a WebVTT file: `captions: clip.en.vtt`, or several in a list."
            problems.append(tree.problem(item.offset, "captions-form", "this names no file with captions", hint))
