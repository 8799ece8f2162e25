"""The hooks of a server's bare repository, as `init --server` writes them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from fedisched.cli.receive import REFUSED
from fedisched.git.bare import MARK

_HEAD = """\
#!/bin/sh
{mark}, which writes it anew each time it is run.
{state}python={python}
folder={folder}
"""

_PRE_RECEIVE = (
    _HEAD
    + """\
# Checks the posts that a push changes. Only {refused} refuses it: a check that cannot run must lock nobody out.
if [ -x "$python" ]; then
    "$python" -P -m fedisched receive -C "$folder"
    case $? in
        0) exit 0 ;;
        {refused}) exit 1 ;;
    esac
fi
cat >&2 <<END
This push was NOT checked, because the check itself did not run. It is taken all the same: a broken post is never sent.
On the server, type: fedisched init --server "$folder"
and, to see what is wrong with the posts: fedisched check -C "$folder"
END
exit 0
"""
)

_POST_RECEIVE = (
    _HEAD
    + """\
# Wakes the daemon, so that it looks at once at what was pushed.
cat >/dev/null
if ! [ -x "$python" ] || ! "$python" -P -m fedisched run --wake -C "$folder"; then
    cat >&2 <<END
Nobody publishes on the server just now: no daemon answers. Start it there: fedisched run -C "$folder"
END
fi
exit 0
"""
)


def hooks(python: str, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The hooks by name, for a content folder and the Python that has fedisched; both by absolute paths, since a push
    over ssh finds no environment. A state folder that is named in this environment is the daemon's, too."""
    state = environ.get("FEDISCHED_STATE", "").strip()
    words = {
        "mark": MARK,
        "python": shlex.quote(python),
        "folder": shlex.quote(str(folder)),
        "state": f"export FEDISCHED_STATE={shlex.quote(state)}\n" if state else "",
        "refused": int(REFUSED),
    }
    return {"pre-receive": _PRE_RECEIVE.format(**words), "post-receive": _POST_RECEIVE.format(**words)}
