"""Markdown as GitHub reads it: with its own parser, before it takes out what may be dangerous."""

from __future__ import annotations


def as_github_shows(markdown: str) -> str:
    """The HTML of a summary. Raw HTML is kept, so that what got through can be seen."""
    import cmarkgfm
    from cmarkgfm.cmark import Options

    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
