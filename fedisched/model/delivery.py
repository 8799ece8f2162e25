"""A delivery: one post to one target; the unit that is scheduled, sent, retried and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedisched.model.network import Upload
    from fedisched.model.outcome import SentPart
    from fedisched.model.rendered import Rendered


class State(StrEnum):
    """Where a delivery stands in the journal, who moves it on, and what a crash leaves.

        waiting ──due──▶ sending ──yes──▶ published
           ▲  ▲             │ ├──no──▶ refused
           │  └─not sent────┘ └──who knows──▶ unsure ──looked up──▶ published | waiting | held
           └── a person ── held

    waiting    the publisher moves it when it is due; a crash changes nothing.
    sending    written and synced before the request leaves; a crash leaves it here, and the next start reads
               it as unsure.
    unsure     a look-up moves it; a crash changes nothing.
    published  final.
    refused    the file or the config has to change.
    held       a person decides.
    cancelled  the file is gone or no longer asks for it; back to waiting when it does again.
    """

    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    PUBLISHED = "published"
    REFUSED = "refused"
    HELD = "held"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the journal. All times are microseconds since 1970 UTC, None where there is none.

    `account` is the account id, `target` the config's name for it when it was last seen. `due` is when it was to be
    sent, `digest` the file as it was when it was armed or last sent. `armed_at` is when this journal first knew of
    it: what was armed before it was due and never tried is an on-time first send, everything else is looked up
    first. `since` is the first moment at which a request may have left and is never forgotten; `attempts` and
    `first_try` count anew when a person asks to try again. `problem` says that `error` is an author's mistake in
    the file with this `digest`, so that nothing was tried. `written` is the digest of the file as our own
    write-back left it, noted before it is written, so that it is never taken for a person's edit. `sent` is what
    the last request carried: look-ups compare with it.
    """

    id: int
    path: str
    target: str
    account: str
    key: str
    state: State
    due: int
    digest: str
    armed_at: int
    attempts: int = 0
    first_try: int | None = None
    since: int | None = None
    last_try: int | None = None
    next_try: int | None = None
    published_at: int | None = None
    error: str = ""
    hint: str = ""
    problem: bool = False
    written: str = ""
    parts: tuple[SentPart, ...] = ()
    uploads: tuple[Upload, ...] = ()
    sent: Rendered | None = None

    def knows(self, digest: str) -> bool:
        """Whether a file with this digest is the one that was armed, or the same with our results in it."""
        return digest in (self.digest, self.written)

    @property
    def url(self) -> str:
        """Where a person sees it: its first part, empty while nothing is published."""
        return self.parts[0].url if self.parts else ""
