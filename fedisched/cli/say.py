"""Everything that is said to people or programs goes through here.

Results for people go to standard output, unless the verb answers in JSON: then standard output is JSON alone, and what
is for people goes to standard error. Every text is cleaned on its way out, and coloured on a terminal only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from fedisched.cli.words import Words, paint
from fedisched.model.secret import discreet


class Voice:
    """How one run of a verb speaks. `verbosity` is -1 with `-q`, 1 or more with `-v`."""

    def __init__(self, verbosity: int = 0, as_json: bool = False, environ: Mapping[str, str] = os.environ) -> None:
        self.verbosity = verbosity
        self.as_json = as_json
        self._no_colour = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"

    def result(self, *pieces: Words) -> None:
        """A line that the person asked for."""
        self._line(self._for_people(), pieces)

    def result_as_is(self, text: str) -> None:
        """Lines for a program to read, which were cleaned and escaped for it already."""
        if sys.stdout is not None:
            sys.stdout.write(discreet(text))

    def remark(self, *pieces: Words) -> None:
        """A line beside the result: what was done, what to do next. Not with `-q`."""
        if self.verbosity >= 0:
            self._line(self._for_people(), pieces)

    def detail(self, *pieces: Words) -> None:
        """A line for the curious, on standard error. Only with `-v`."""
        if self.verbosity > 0:
            self._line(sys.stderr, pieces)

    def complain(self, *pieces: Words) -> None:
        """A line about what is wrong, on standard error."""
        self._line(sys.stderr, pieces)

    def json(self, value: Any) -> None:
        """One JSON value on a line of its own, on standard output."""
        stream = sys.stdout
        if stream is None:
            return
        # Raw characters are pleasant in a file, but on a terminal some of them steer it, and another encoding than
        # UTF-8 cannot say them all.
        escape = stream.isatty() or stream.encoding.lower().replace("-", "") != "utf8"
        stream.write(discreet(json.dumps(value, ensure_ascii=escape)) + "\n")

    @property
    def on_terminal(self) -> bool:
        """Whether a person is reading along, so that excerpts and frames are welcome."""
        stream = self._for_people()
        return stream is not None and stream.isatty()

    @property
    def width(self) -> int:
        """The columns to fill: the terminal's, at most 100; 80 where there is none."""
        import shutil

        return min(shutil.get_terminal_size().columns, 100) if self.on_terminal else 80

    def _for_people(self) -> TextIO | None:
        return sys.stderr if self.as_json else sys.stdout

    def _line(self, stream: TextIO | None, pieces: tuple[Words, ...]) -> None:
        # Started with standard output closed, Python has no stream at all.
        if stream is not None:
            stream.write(paint(pieces, coloured=not self._no_colour and stream.isatty()) + "\n")
