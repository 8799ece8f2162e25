"""A vault somewhere, and what is put into it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fedisched.model.credential import AppRegistration, Credential
from fedisched.vault import Vault, make_key_file

SECRET = "s3cret-access-token"
APP = AppRegistration("client-id-of-ours", "client-s3cret")
MADE = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
MASTODON = Credential("mastodon", "https://a.example", SECRET, "https://a.example 1", "@me@a.example", APP, MADE)
BLUESKY = Credential("bluesky", "https://bsky.social", "abcd-efgh-ijkl-mnop", "did:plc:x", "me.bsky.social", None, MADE)


class Places:
    """A content folder, a state folder, and a home with a configuration folder of its own."""

    def __init__(self, root: Path, committed: str = "") -> None:
        self.folder, self.state, self.home = root / "content", root / "state", root / "home"
        for each in (self.folder, self.state, self.home):
            each.mkdir(exist_ok=True)
        self.environ = {"HOME": str(self.home)}
        self.committed = committed

    @property
    def key(self) -> Path:
        return self.home / ".config" / "fedisched" / "key"

    @property
    def old_keys(self) -> Path:
        return self.key.with_name("key.old")

    @property
    def vault(self) -> Vault:
        return Vault.open(self.state, self.folder, self.environ, self.committed)

    def make_key(self) -> str:
        return make_key_file(self.environ, self.folder).read_text().strip()

    def filled(self) -> Vault:
        """A vault with a key and two entries."""
        self.make_key()
        self.vault.put("mastodon", MASTODON)
        self.vault.put("bluesky", BLUESKY)
        return self.vault
