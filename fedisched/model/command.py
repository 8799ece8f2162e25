"""Commands as a person types them, in messages."""

from __future__ import annotations

import shlex

COPY_IT = "To publish its text again, copy it into a new file without `status` and `results`."


def typed(*words: str) -> str:
    """`fedisched retry posts/a.md`: quoted where a shell needs it, so that it can be copied as it stands."""
    return shlex.join(("fedisched", *words))


def decisions(path: str, target: str, *, alone: bool) -> tuple[str, str, str]:
    """The commands that decide about a held delivery: it is there, it is not, let it be. `alone` if the post has no
    other target, so that it needs not be named."""
    which = () if alone else ("--target", target)
    sent, again, drop = (
        typed("resolve", path, *decision, *which) for decision in (("--sent", "URL"), ("--retry",), ("--drop",))
    )
    return sent, again, drop


def how_to_hand_over(variable: str, what: str) -> str:
    """How a credential gets to fedisched, by the account's variable."""
    return f"Set {variable} to {what}, and restart a daemon that runs: it keeps the environment it was started with."


def how_to_log_in(account: str) -> str:
    """The command that gets a new credential into the vault."""
    return f"`{typed('login', account)}`"


def how_to_settle(path: str, target: str, *, alone: bool = False) -> str:
    """What a person does about a delivery of which nobody knows whether it is on the network."""
    sent, again, drop = decisions(path, target, alone=alone)
    return f"Look at {target}. If it is there, type `{sent}`; if it is not, `{again}`; to let it be, `{drop}`."


def how_to_leave(path: str) -> str:
    """What a person does about a published post whose time was changed afterwards."""
    return f"`{typed('resolve', path, '--drop')}` leaves it at that. {COPY_IT}"
