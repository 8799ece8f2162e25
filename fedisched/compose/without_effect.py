"""What a post's front matter says without any effect where the post goes: told, since whoever wrote it counts on it."""

from __future__ import annotations

from collections.abc import Iterator

from fedisched.compose.draft import Draft
from fedisched.model.problem import Problem

_INSTEAD = "`labels: [graphic-media]` (or nudity, sexual, porn)"


def on_bluesky(draft: Draft, *, labelled: bool) -> Iterator[Problem]:
    """On Bluesky; `labelled` says whether the post has a label there."""
    post, target = draft.post, draft.target
    if post.visibility == "unlisted":
        message = f"{target} shows this post like any other: nothing is unlisted on Bluesky"
        hint = f"Take {target} out of targets, or say that you know: `override: {{{target}: {{visibility: public}}}}`."
        yield draft.wrong("visibility", "not-unlisted", message, hint, warning=True)
    if post.sensitive and not labelled:
        hides = "pictures are shown at once" if _has_files(draft) else "nothing is hidden"
        message = f"`sensitive` does nothing on Bluesky, so {hides} on {target}"
        hint = f"Add {_INSTEAD}; to keep `sensitive` for Mastodon alone: `override: {{mastodon: {{sensitive: true}}}}`."
        yield draft.wrong("sensitive", "sensitive-unused", message, hint, warning=True)


def on_mastodon(draft: Draft) -> Iterator[Problem]:
    """On Mastodon. What is Bluesky's own is nothing to be told of where the post goes there, too."""
    post, target = draft.post, draft.target
    hides = bool(post.sensitive or post.cw.strip())
    if post.sensitive and not (post.cw.strip() or _has_files(draft) or "://" in post.body):
        message = f"`sensitive` hides pictures, and there are none in this post on {target}"
        yield draft.wrong("sensitive", "sensitive-unused", message, "Take it out, or write a `cw`.", warning=True)
    kinds = [label for label in post.labels if not label.startswith("!")]
    if kinds and _has_files(draft) and not hides:
        message = f"`labels` do nothing on Mastodon, so pictures are shown at once on {target}"
        yield draft.wrong("labels", "labels-unused", message, "Add `sensitive: true`, or a `cw`.", warning=True)
    elif post.labels and not _goes_to_bluesky(draft):
        message = f"`labels` are Bluesky's, and this post goes to Mastodon only ({target})"
        hint = "Write `sensitive: true` or a `cw` in their place."
        yield draft.wrong("labels", "labels-unused", message, hint, warning=True)
    if post.link is not None and not post.link.url and not _goes_to_bluesky(draft):
        message = f"`link` is Bluesky's: {target} makes its card by itself, of a link in the text"
        yield draft.wrong("link", "link-unused", message, "Take it out.", warning=True)
    for medium in () if _goes_to_bluesky(draft) else post.media:
        if medium.captions:
            at = medium.captions_at[0] if medium.captions_at else medium.at
            message = f"captions are shown on Bluesky alone, and this post goes to Mastodon only ({target})"
            hint = "Take them out; what is said in the video can stand in `alt`."
            yield draft.source.problem_at(at, "captions-unused", message, hint, "warning")


def _has_files(draft: Draft) -> bool:
    return bool(draft.post.media or draft.part.pictures or "![" in draft.post.body)


def _goes_to_bluesky(draft: Draft) -> bool:
    accounts = draft.settings.accounts
    return any(accounts[name].network == "bluesky" for name in draft.post.targets if name in accounts)
