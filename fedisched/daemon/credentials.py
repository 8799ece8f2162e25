"""Whether somebody has logged in or out, or put back a key, since the daemon last looked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fedisched.model.settings import Settings

Stamp = tuple[int, int, int] | None


class CredentialsWatch:
    """Looks at what the files of the vault and of its key are like from outside: it opens neither."""

    def __init__(self, settings: Settings, state: Path, environ: Mapping[str, str]) -> None:
        from fedisched.vault import Vault, key_file

        vault = Vault.open(state, settings.folder, environ, settings.vault)
        self._files = (vault.path, key_file(environ))
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether one of them is another since the last time."""
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> tuple[Stamp, ...]:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> Stamp:
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
