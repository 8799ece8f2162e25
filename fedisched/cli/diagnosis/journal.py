"""What the journal says, read without changing anything: neither is it made, nor brought to this version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fedisched.engine import JOURNAL_FILE

_WITHIN = 2.0
_COUNTED = "SELECT state, COUNT(*) FROM delivery WHERE state IN ('held', 'refused', 'unsure') GROUP BY state"
_SENT_HERE = "SELECT key FROM delivery WHERE first_try IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of accounts, by their names: why the server refuses one, or could not be reached. `states` counts
    the deliveries that need somebody. `sent_here` has the keys of what this machine tried to send, and `since` is when
    it began to (microseconds since 1970 UTC). `trouble` says why nothing is known, empty if there is no journal yet."""

    file: Path | None
    paused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unreachable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    states: Mapping[str, int] = field(default_factory=dict)
    sent_here: frozenset[str] = frozenset()
    since: int | None = None
    trouble: str = ""
    hint: str = ""

    @property
    def is_there(self) -> bool:
        return self.file is not None


def read_known(state: Path | None) -> Known:
    """Read the journal of a state folder."""
    if state is None:
        return Known(None)
    file = state / JOURNAL_FILE
    try:
        if not file.exists():
            return Known(None)
        return _read(file)
    except OSError as error:
        why = f"the journal {file} cannot be looked at ({error.strerror})"
        return Known(file, trouble=why, hint="Let the user who runs fedisched read it.")


def _read(file: Path) -> Known:
    from fedisched.engine.broken import told_apart
    from fedisched.engine.looking import looked_at
    from fedisched.engine.tables import MIGRATIONS
    from fedisched.model.errors import FedischedError

    try:
        with told_apart(file), looked_at(file, _WITHIN) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                words = f"the journal {file} was written by a newer fedisched"
                return Known(file, trouble=words, hint="Install that version again: `pip install --upgrade fedisched`.")
            checked = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
            if checked != ["ok"]:
                words = f"the journal {file} is damaged ({checked[0]})"
                hint = f"Stop the daemon and type `mv {file} {file}.damaged`: it is rebuilt from posts and networks."
                return Known(file, trouble=words, hint=hint)
            accounts = connection.execute("SELECT name, server, paused, error FROM account").fetchall()
            states = dict(connection.execute(_COUNTED).fetchall())
            keys = frozenset(key for (key,) in connection.execute(_SENT_HERE))
            (since,) = connection.execute("SELECT MIN(first_try) FROM delivery").fetchone()
    except FedischedError as error:
        return Known(file, trouble=error.message, hint=error.hint)
    paused = {(name, server): why for name, server, why, _ in accounts if why}
    unreachable = {(name, server): why for name, server, _, why in accounts if why}
    return Known(file, paused, unreachable, states, keys, since)
