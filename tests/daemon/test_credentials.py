"""The daemon and the vault: a paused account goes on when somebody logs in, and nothing of it shows anywhere."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from fedisched.daemon.credentials import CredentialsWatch
from fedisched.daemon.wake import wake
from fedisched.model.credential import Credential
from fedisched.sandbox import Fault, What
from fedisched.vault import make_key_file
from tests.daemon.service import Service, configure, environ_of
from tests.stage import TOKEN, Stage


def kept(stage: Stage, secret: str) -> Credential:
    return Credential("mastodon", stage.sandbox.url, secret, None, "me", None, datetime.now(UTC))


def test_a_login_lets_a_paused_account_go_on_at_once(stage: Stage) -> None:
    home = stage.folder.with_name(f"{stage.folder.name}-home")
    home.mkdir()
    configure(stage)
    config = stage.folder / "fedisched.toml"
    config.write_text(config.read_text().replace('longest = "2s"', 'longest = "1h"'))
    stage.environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    make_key_file(stage.environ, stage.folder)
    stage.vault.put("mastodon", kept(stage, "revoked-0ld-token"))
    stage.sandbox.faults.add(Fault(What.ECHO, "*/verify_credentials", status=401))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    with Service(stage.folder, environ_of(stage)) as service:
        service.until("paused", "fedisched login mastodon")
        lines = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
        stage.vault.put("mastodon", kept(stage, TOKEN))
        assert wake(stage.state)
        service.until("credentials are others now")
        service.until("published", "posts/a.md")
        lines += subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
        service.stop()
    assert stage.texts()[0] == ["Hello!"]
    written = [path.read_bytes() for path in stage.folder.rglob("*") if path.is_file()]
    for secret in ("revoked-0ld-token", TOKEN, Path(home, ".config/fedisched/key").read_text().strip()):
        assert secret not in lines + "\n".join(service.all)
        assert not any(secret.encode() in data for data in written)


def test_what_is_looked_at_is_the_vault_and_its_key(stage: Stage) -> None:
    stage.environ = {"HOME": str(stage.folder / "home")}
    watch = CredentialsWatch(stage.settings, stage.state, stage.environ)
    assert not watch.changed()
    stage.vault.path.write_text("{}")
    assert watch.changed() and not watch.changed()
    stage.vault.path.unlink()
    assert watch.changed() and not watch.changed()
    key = Path(stage.environ["HOME"]) / ".config" / "fedisched" / "key"
    key.parent.mkdir(parents=True)
    key.write_text("x")
    assert watch.changed() and not watch.changed()
