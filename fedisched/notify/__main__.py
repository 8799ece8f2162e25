"""`python -m fedisched.notify`: have Apprise send a message for another process, which holds the time.

Reads `{"urls", "title", "body"}` on standard input, where no list of processes shows the addresses; answers with a line
`[way, error]` for each address as soon as it was tried, which does not name it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_NOT_INSTALLED = "it is not installed: run `pip install 'fedisched[notify]'`"


def answers(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Send to each address by itself, so that one that fails keeps none of the others from being told."""
    import logging

    try:
        import apprise
    except ImportError:
        yield "Apprise", _NOT_INSTALLED
        return
    # It logs what it was given to say, and where to.
    logging.disable(logging.CRITICAL)
    for number, url in enumerate(asked["urls"], start=1):
        way = f"{url.partition('://')[0]}:// (the address {number})"
        one = apprise.Apprise()
        try:
            if not one.add(url):
                yield way, "it is no address that Apprise knows"
            elif not one.notify(title=asked["title"], body=asked["body"], body_format=apprise.NotifyFormat.TEXT):
                yield way, "it could not be told"
            else:
                yield way, ""
        except Exception as error:
            yield way, f"it could not be told ({type(error).__name__})"


if __name__ == "__main__":
    for answer in answers(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
