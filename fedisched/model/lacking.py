"""What a machine can lack, by the number of the error that says so, and what mends it: in the same words everywhere."""

from __future__ import annotations

import errno
import signal

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})

HOW_TO_OPEN_MORE = (
    "Raise the limit (`ulimit -n 4096`; for a service of systemd `LimitNOFILE=4096`), or find what keeps them open "
    "(`lsof -p PID`), and start again."
)
HOW_TO_GET_MEMORY = (
    "Free some, or give it more: end other programs, add swap, or raise the limit that it runs under (`ulimit -v`, "
    "`MemoryMax=` of a systemd service, `--memory` of a container)."
)


def killed_for_memory(code: int, who: str) -> str:
    """What there is to say of a child that ended with this code, where nobody but the system, for want of memory, is
    likely to have killed it; empty for any other end."""
    if code not in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return ""
    return f"If nobody killed {who}, the system did, for want of memory (`dmesg` tells). {HOW_TO_GET_MEMORY}"
