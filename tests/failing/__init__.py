"""What a machine can lack, one file each: the real program says what, and what to do, and nothing is lost.

More of it is tested where it is built: full disks that heal in `tests/publisher/test_patience.py` and
`tests/engine/test_journal_file.py`, a daemon's log in `tests/cli/test_run.py`, a second daemon and killed publishers in
`tests/daemon/test_run.py` and `test_killed.py`, the watcher's limits in `tests/content/test_watch_limits.py`.
"""
