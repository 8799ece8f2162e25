from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.daemon.service import wait_until
from tests.failing.lacking import Lacking


@pytest.mark.system
def test_at_the_limit_of_watches_the_daemon_says_which_sysctl_and_publishes_all_the_same(lacking: Lacking) -> None:
    assert shutil.which("unshare"), "this test needs unshare: install util-linux"
    lacking.post.unlink()
    limited = 'echo 1 > /proc/sys/user/max_inotify_watches && exec "$@"'
    run = [sys.executable, "-m", "fedisched", "run", "-C", str(lacking.folder)]
    with subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh", *run],
        env=lacking.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as daemon:
        assert daemon.stdout is not None
        lines = []
        for line in daemon.stdout:
            lines.append(line)
            if "sysctl" in line:
                break
        assert "`sudo sysctl fs.inotify.max_user_watches=524288`" in lines[-1], lines
        assert "looked at every 2 seconds" in lines[-1]
        lacking.write(-600)
        assert wait_until(lambda: lacking.texts() == ["Hello!"])
        daemon.terminate()
        assert daemon.wait(30) == 0
