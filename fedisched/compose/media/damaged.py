"""What every reader of a media file may raise."""

from __future__ import annotations


class Damaged(Exception):
    """The file is not what its first bytes promise: it ends too early, or its inside makes no sense. The text says
    which, as the rest of a sentence that begins with the file's name; `hint` says what to do."""

    def __init__(self, words: str, hint: str = "Save it anew in another program, and try again.") -> None:
        super().__init__(words)
        self.hint = hint


ENDS_EARLY = "ends in the middle"
MAKES_NO_SENSE = "is damaged"
