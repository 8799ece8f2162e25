"""`fedisched demo`: the whole main job, on a server of its own, with no account."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Happened
from threading import Thread
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import verb
from fedisched.cli.words import bad, faint, good, plural, strong
from fedisched.clock import SECOND
from fedisched.model.errors import FedischedError

if TYPE_CHECKING:
    from fedisched.daemon.events import Event
    from fedisched.model.post import Entry
    from fedisched.model.settings import Settings
    from fedisched.sandbox import Sandbox

FIRST_DUE = 8 * SECOND
"""From the start to the first post: time for the publisher to start and to prepare, as in real life."""
APART = 2 * SECOND
PATIENCE = 90.0
_TOO_SLOW = "If this machine is just busy, try again; what was published and what was not stands above."
TOKEN = "demo-token"  # noqa: S105 (the sandbox's own, made up here)
PASSWORD = "demo-demo-demo-demo"  # noqa: S105
HANDLE = "you.test"
MENTIONED = "fedisched.test"
"""A sample mentions its maker, which has to be there to be mentioned."""

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "{url}"

[accounts.bluesky]
network = "bluesky"
handle = "{handle}"
server = "{url}"
web = "{url}"                # where links to its posts lead; for real accounts leave this out

[groups]
everywhere = ["mastodon", "bluesky"]

[people]
fedisched = {{mastodon = "@fedisched@mastodon.social", bluesky = "{mentioned}"}}
"""


@verb
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the folder there.")
@click.option("--open", "open_page", is_flag=True, help="Show the timeline in the browser.")
def demo(here: Here, keep: Path | None, open_page: bool) -> Exit:
    """Try it out: real posts, the real daemon, a server of its own.

    Copies the sample posts, gives them times within the next seconds, and publishes them to a little server on this
    machine that plays Mastodon and Bluesky. Needs no account, and leaves nothing behind unless --keep says where.

    Examples:
    fedisched demo
    fedisched demo --open --keep /tmp/my-demo
    """
    from fedisched.sandbox import Sandbox

    with _folder(keep) as folder, Sandbox() as sandbox:
        sandbox.add_mastodon("you", TOKEN, "You")
        sandbox.add_bluesky(HANDLE, PASSWORD, "You")
        sandbox.add_bluesky(MENTIONED, PASSWORD, "fedisched")
        posts = _set_the_stage(folder, sandbox.url, here.clock.now())
        here.voice.result("A server of its own plays Mastodon and Bluesky: ", strong(sandbox.url))
        here.voice.result(f"{plural(len(posts), 'sample post')} in {folder / 'posts'} fall due in the next seconds.")
        here.voice.result("")
        ended = _Show(here, folder, posts).run()
        here.voice.result("")
        if ended is Exit.DONE:
            _show_a_file(here, folder)
            _count_links(here, sandbox, folder)
        elif ended is Exit.NEEDS_YOU:
            here.voice.complain(bad(f"Not everything was published within {PATIENCE:.0f} seconds. "), _TOO_SLOW)
        if ended is not Exit.INTERRUPTED:
            _show_timeline(here, sandbox, folder if keep else None, open_page)
    return ended


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="fedisched-demo-") as made:
            yield Path(made).resolve()
        return
    if keep.exists() and any(keep.iterdir()):
        raise FedischedError(f"{keep} is not empty", "Name a new folder: nothing is ever overwritten.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


def samples() -> Path:
    """The sample posts: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "samples"
    return inside if inside.is_dir() else package.parent / "posts"


def _set_the_stage(folder: Path, url: str, now: int) -> list[str]:
    """Copy the samples, give those with a time one within the next seconds; gives the paths of these."""
    from fedisched.content.splice import splice_schedule
    from fedisched.publisher.posts import as_text

    shutil.copytree(samples(), folder / "posts")
    (folder / "fedisched.toml").write_text(CONFIG.format(url=url, handle=HANDLE, mentioned=MENTIONED), encoding="utf-8")
    settings = _settings(folder)
    due = (now + FIRST_DUE) // SECOND * SECOND
    timed = []
    for path in sorted((folder / "posts").glob("*.md")):
        if path.name.startswith("README") or _entry(settings, path).due is None:
            continue
        path.write_bytes(splice_schedule(path.read_bytes(), as_text(due, settings.timezone), None))
        timed.append(f"posts/{path.name}")
        due += APART
    return timed


def _settings(folder: Path) -> Settings:
    from fedisched.config import load_settings

    return load_settings(folder)


def _entry(settings: Settings, path: Path) -> Entry:
    from fedisched.content.glance import glance

    return glance(path.read_bytes(), f"posts/{path.name}", settings)


class _Show:
    """The daemon at work on the demo's folder, until every post with a time is published and its file says so."""

    def __init__(self, here: Here, folder: Path, posts: list[str]) -> None:
        from fedisched.cli.run import Log
        from fedisched.daemon.daemon import Daemon, Outside

        self._folder = folder
        self._posts = posts
        self._settings = _settings(folder)
        self._something_happened = Happened()
        self._ended = Happened()
        self._interrupted = False
        self._log = Log(here.voice, here.clock, folder, self._settings.timezone)
        state = folder / ".fedisched"
        state.mkdir(mode=0o700, exist_ok=True)
        own = [sys.executable, "-P", "-m", "fedisched"]
        command = [*own, "publish", "--attached", "--json", "--folder", str(folder)]
        outside = Outside(command, _environ(here.environ, state), lambda: self._settings)
        self._daemon = Daemon(self._settings, state, here.clock, outside, self._tell)

    def run(self) -> Exit:
        """Done if everything was published in time. Ctrl-C and SIGTERM end it early and in order."""
        watch = Thread(target=self._stop_when_done, name="demo", daemon=True)
        watch.start()
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._daemon.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._ended.set()
            watch.join()
        if self._interrupted:
            return Exit.INTERRUPTED
        return Exit.DONE if self._is_done() else Exit.NEEDS_YOU

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True
        self._daemon.stop()

    def _tell(self, event: Event) -> None:
        self._log.tell(event)
        self._something_happened.set()

    def _stop_when_done(self) -> None:
        left = PATIENCE
        while left > 0 and not self._ended.is_set() and not self._is_done():
            # Reports come before the files are written, so look again a little later even if nothing is said.
            self._something_happened.wait(0.25)
            self._something_happened.clear()
            left -= 0.25
        self._daemon.stop()

    def _is_done(self) -> bool:
        found = [_entry(self._settings, self._folder / path) for path in self._posts]
        return all(entry.status == "published" for entry in found)


def _environ(environ: Mapping[str, str], state: Path) -> dict[str, str]:
    """The publisher's environment: the demo's own credentials and state, none of the person's."""
    own = {name: value for name, value in environ.items() if not name.startswith("FEDISCHED_")}
    return own | {
        "FEDISCHED_MASTODON_TOKEN": TOKEN,
        "FEDISCHED_BLUESKY_PASSWORD": PASSWORD,
        "FEDISCHED_STATE": str(state),
    }


def _show_a_file(here: Here, folder: Path) -> None:
    """One file as it is now, with what fedisched wrote in colour."""
    path = sorted((folder / "posts").glob("*.md"))[0]
    here.voice.result("What one of the files says now; only what is ", good("green"), " was written:")
    here.voice.result("")
    ours = False
    front = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        front += line == "---"
        ours = front == 1 and (line.startswith(("status:", "results:")) or (ours and line.startswith(" ")))
        here.voice.result("    ", good(line) if ours else line)
    here.voice.result("")


def _count_links(here: Here, sandbox: Sandbox, folder: Path) -> None:
    from urllib.request import urlopen

    from fedisched.content.glance import results_of

    settings = _settings(folder)
    urls = [
        result.url
        for path in sorted((folder / "posts").glob("*.md"))
        for result in results_of(path.read_bytes(), path.name, settings).values()
    ]
    for url in urls:
        # Only ever the sandbox's own address, on loopback.
        with urlopen(url, timeout=10) as answer:  # noqa: S310
            if answer.status != 200:
                raise FedischedError(f"{url} answers {answer.status}", "Please report this.")
    here.voice.result(good("✓ "), f"{len(urls)} deliveries are published, and every link in the files' results works.")


def _show_timeline(here: Here, sandbox: Sandbox, keep: Path | None, open_page: bool) -> None:
    """Write the timeline as a page that needs no server, where it is kept or shown."""
    if keep is None and not open_page:
        here.voice.remark(faint("--open shows the timeline in your browser; --keep DIR keeps the folder."))
        return
    page = (keep or Path(tempfile.mkdtemp(prefix="fedisched-timeline-"))) / "timeline.html"
    page.write_text(sandbox.timeline_html(embed_media=True), encoding="utf-8")
    here.voice.result("The timeline as a page: ", strong(str(page)))
    if open_page:
        click.launch(page.as_uri())
