#!/usr/bin/env python3
"""Whether a tag may be released, and what is new in it: `.ci/release.py v1.2.3`.

Prints the version's section of CHANGELOG.md. Ends with 1, and says what to do, where the tag is not the package's
version, or CHANGELOG.md has no section for it. Needs nothing but Python.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def version(repository: Path) -> str:
    """The package's version; `__init__.py` is the one place where it stands."""
    text = (repository / "fedisched" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        sys.exit('fedisched/__init__.py has no version. Add a line such as: __version__ = "1.2.3"')
    return found[1]


def sections(repository: Path) -> dict[str, str]:
    """The sections of CHANGELOG.md by the first word of their headings, such as `1.2.3` or `Unreleased`."""
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## +", text, flags=re.MULTILINE)
    pairs = (part.partition("\n") for part in parts)
    return {(heading.split() or [""])[0].strip("[]"): body.strip() for heading, _, body in pairs}


def notes(tag: str, repository: Path) -> str:
    """What is new in the version that a tag names. Ends the program where it may not be released."""
    here = version(repository)
    if tag != f"v{here}":
        sys.exit(f"The tag is {tag}, but the package's version is {here}. Tag v{here}, or set the version first.")
    found = sections(repository)
    if not found.get(here):
        sys.exit(f"CHANGELOG.md says nothing of {here}. Add a section `## {here}`, with what is new for its users.")
    if found.get("Unreleased"):
        sys.exit(f"CHANGELOG.md still has unreleased changes. Move them into the section `## {here}`.")
    return found[here]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which tag: .ci/release.py v1.2.3")
    print(notes(sys.argv[1], REPOSITORY))
