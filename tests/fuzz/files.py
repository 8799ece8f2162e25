"""What somebody can put into the content folder: front matter, bodies, the configuration, and names of files."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from random import Random
from typing import NamedTuple

from fedisched import compose
from fedisched.cli import github
from fedisched.cli.words import clean, clean_line
from fedisched.compose.as_json import as_json
from fedisched.config.plain import settings_from_plain, settings_to_plain
from fedisched.config.reader import read_settings
from fedisched.content.folder import FoundFile, read_file, scan
from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from fedisched.content.splice import splice
from fedisched.model.errors import CannotSplice, ConfigError
from fedisched.model.post import Post, Status
from fedisched.model.problem import Problem
from fedisched.model.results import PartResult, Result
from tests.fuzz.guard import unwatched
from tests.fuzz.mutation import (
    COMMANDS,
    DIRECTIONS,
    LETTERS,
    PATHS,
    TOKENS,
    bytes_changed,
    line_changed,
    number_of_changes,
    text_changed,
)
from tests.fuzz.surface import Place, Surface, assert_can_be_told, assert_harmless

# --- front matter --------------------------------------------------------------------------------------------------

_FRONT = (
    "time: 2026-12-01 09:00\ntargets: [mastodon, bluesky]\nstatus: scheduled\ntitle: Launch day\nlang: en",
    "time: 2026-12-01T09:00:00+01:00\nvisibility: unlisted\ncw: Spoilers\nsensitive: true\nlabels: [nudity]\n"
    "mood: good",
    "time: 2026-12-01 09:00 Europe/Berlin\nmedia:\n  - file: ../cat.png\n    alt: A cat\n    focus: 0.2,-0.5\n"
    "  - ../cat.png",
    "time: 2026-12-01 09:00\npoll:\n  options: [Tea, Coffee]\n  duration: 2d12h\n  multiple: true\ntags: [art, cats]",
    "time: 2026-12-01 09:00\nreply_to: first.md\nquote:\n  mastodon: https://mastodon.social/@a/113587\n"
    "replies: nobody",
    "time: 2026-12-01 09:00\noverride:\n  bluesky:\n    text: |\n      Fewer\n      words.\n    tags: [short]\n"
    "thread: auto",
    "time: 2026-12-01 09:00\nlink:\n  url: https://example.org/\n  title: We have launched\n  image: ../cat.png\n"
    "quotes: nobody",
    "status: published # done\ntime: '2026-11-02 09:00'\nresults:\n  mastodon:\n"
    "    key: 3m4ohihg2s22a\n    id: '113587'\n    url: https://mastodon.social/@me/113587\n"
    "    attempts: 2\n    at: '2026-11-02T09:00:00+01:00'\n    parts:\n"
    "      - id: '113587'\n        url: https://mastodon.social/@me/113587",
    '{time: 2026-12-01 09:00, status: "scheduled", targets: everywhere, x-idea: {a: [1, 2]}}',
)
_RESULTS = {
    "mastodon": Result(key="3k2a", url="https://mastodon.social/@me/1", id="1", parts=(PartResult(id="1", url="u"),)),
    "bluesky": Result(key="3k2b", error="it was “refused”\x1b: #no", state="failed", attempts=3),
}


def _front(random: Random) -> bytes:
    front = random.choice(_FRONT)
    for _ in range(number_of_changes(random)):
        front = line_changed(random, front) if random.random() < 0.85 else text_changed(random, front)
    end = random.choice(("\n",) * 9 + ("\r\n",))
    text = f"---\n{front}\n---\nHello, world! [A link](https://example.org/)\n".replace("\n", end)
    return bytes_changed(random, text.encode("utf-8", "surrogatepass"))


def _read(data: bytes, where: Place) -> Post | None:
    """Read a post in both ways, which have to agree; what the first parser does not take gives None."""
    entry = glance(data, "posts/a.md", where.settings)
    reading = read_post(data, "posts/a.md", where.settings)
    assert entry.digest == reading.digest
    assert_can_be_told(reading.problems, data.decode("utf-8", "replace"))
    if reading.post is not None:
        assert entry.problem is None and entry.status is reading.post.status
    return reading.post


def _is_yaml(data: bytes) -> bool:
    from fedisched.content.fences import split
    from fedisched.content.tree import parse

    fenced = split(data, "posts/a.md")
    return not isinstance(fenced, Problem) and not isinstance(parse(fenced, "posts/a.md"), Problem)


def _run_front(data: bytes, where: Place) -> bool:
    post = _read(data, where)
    if post is not None:
        # Each input takes one of the ways on, so that more inputs have their turn.
        match len(data) % 3:
            case 0:
                _write_back(data)
            case way if post.targets:
                _render(post, post.targets[way % len(post.targets)], where)
    return post is not None or _is_yaml(data)


def _write_back(data: bytes) -> None:
    """Every other byte stays, or it is refused."""
    try:
        written = splice(data, Status.PUBLISHED, _RESULTS)
    except CannotSplice as error:
        assert_harmless(clean_line(str(error)))
        return
    body = data.rpartition(b"---")[2]
    assert written.endswith(body), "the body has changed"


def _render(post: Post, target: str, where: Place, limits: object = None) -> None:
    account = where.settings.accounts[target]
    rendering = compose.render(post, target, account, where.settings, compose.default_limits(account.network))
    assert_can_be_told(rendering.problems)
    text = json.dumps(as_json(rendering.rendered))
    assert text.isascii()
    for part in rendering.rendered.parts:
        size = len(part.text.encode("utf-8"))
        assert all(0 <= facet.start < facet.end <= size for facet in part.facets), part.facets
        github.block(part.text)


# --- bodies --------------------------------------------------------------------------------------------------------

_BODIES = (
    "Hello @alice, see [our page](https://example.org/a_(b)) and https://example.com/path?x=1#y.\n\nBye! #tag #Tag2\n",
    "First part, with ![A cat](../cat.png) in it.\n\n---\n\nSecond <!-- not this --> `@alice`\n\n---\nThird\n",
    "- one\n- two [x](https://example.com) \\[not a link](x)\n\n> quoted `code` and 1 < 2 && 3\n\nwww.example.com\n",
    "नमस्ते दुनिया 👩‍👩‍👧‍👦 漢字 и кириллица. مرحبا https://пример.рф/путь @alice@hachyderm.io\n",
    "![](<../my cat.png>)\n![one\nmore](../cat.png) a@b.example (@alice) [@alice](https://a.example) $ABC #1 #a1\n",
    "Word " * 120 + "https://example.org/" + "long/" * 20 + " end. " + "More text here. " * 30 + "\n",
)


def _body(random: Random) -> bytes:
    body = random.choice(_BODIES if random.random() < 0.3 else _BODIES[:-1])
    for _ in range(number_of_changes(random)):
        body = text_changed(random, body)
    front = random.choice(
        ("status: draft",) * 5
        + ("status: draft\nthread: auto", "status: draft\ncw: Careful", "status: draft\nlang: de")
    )
    return bytes_changed(random, f"---\n{front}\n---\n{body}".encode("utf-8", "surrogatepass"))


def _run_body(data: bytes, where: Place) -> bool:
    post = _read(data, where)
    if post is None:
        return False
    _render(post, post.targets[len(data) % 2], where)
    return True


# --- the configuration ---------------------------------------------------------------------------------------------

_CONFIGS = (
    'timezone = "Europe/Berlin"\nposts = "posts"\ndefault_targets = ["mastodon", "bluesky"]\nlate_after = "12h"\n'
    'extra_keys = ["mood"]\n\n[accounts.mastodon]\nnetwork = "mastodon"\nserver = "https://mastodon.social"\n\n'
    '[accounts.bluesky]\nnetwork = "bluesky"\nhandle = "me.bsky.social"\nserver = "https://bsky.social"\n\n'
    '[groups]\neverywhere = ["mastodon", "bluesky"]\n',
    'timezone = "UTC"\n[people]\nalice = {mastodon = "@alice@hachyderm.io", bluesky = "@alice.example.com"}\n'
    "[people.bob]\nbluesky = 'bob.example.com'\n[threads]\nnumber = \"{n}/{total}\"\nunlisted_follow_ups = true\n"
    '[bluesky]\ncw = "graphic-media"\n[accounts."a.b"]\nnetwork = "mastodon"\nserver = "http://127.0.0.1:3000"\n',
    '[git]\ncommit = true\nremote = "origin"\npull_every = "1m"\nclaim = true\nauthor = "me <me@example.org>"\n'
    '[retry]\nfirst = "1m"\nlongest = "1h30m"\ngive_up_after = """24h"""\n[[groups.x]]\na = 1\n',
    'alt_required = false\ndefault_targets = [\n  "a", # one\n  "b",\n]\nx = 2026-12-01T09:00:00Z\n[accounts]\n'
    'a = {network = "mastodon", server = "https://a.example"}\nb = {network = "bluesky", handle = "b.example"}\n',
)


def _config(random: Random) -> bytes:
    text = random.choice(_CONFIGS)
    for _ in range(random.choice((1, 1, 1, 2))):
        text = (
            line_changed(random, text, _TOML_VALUES, _toml, mess=0.15)
            if random.random() < 0.97
            else text_changed(random, text)
        )
    return bytes_changed(random, text.encode("utf-8", "surrogatepass"))


_TOML_VALUES = tuple(json.dumps(token)[1:-1].replace("\x7f", "") for token in TOKENS)
"""As they stand inside of quotes."""


def _toml(random: Random) -> str:
    """A value that is valid TOML, and perhaps a sensible one."""
    return random.choice(_VALID_TOML)


_VALID_TOML = (
    *(json.dumps(token).replace("\\ud", "\\u0d") for token in TOKENS),
    *(
        '"1h30m"',
        '"99999999999999999999d"',
        '"UTC"',
        '"../.."',
        '"posts/../.."',
        '["mastodon", "mastodon"]',
        "[]",
        "false",
    ),
    *('{network = "mastodon", server = "https://x.example"}', '{mastodon = "@a@b.example"}', '["nobody"]', "1", "{}"),
)


def _run_config(data: bytes, where: Place) -> bool:
    try:
        settings = read_settings(data, where.folder / "fedisched.toml", where.folder)
    except ConfigError as error:
        assert error.problems
        assert_can_be_told(list(error.problems))
        return not any(problem.code in ("toml-syntax", "not-utf-8") for problem in error.problems)
    assert settings_from_plain(json.loads(json.dumps(settings_to_plain(settings)))) == settings
    posts = Path(os.path.normpath(settings.posts_folder))
    assert posts.is_relative_to(where.folder) and posts != where.folder
    for account in settings.accounts.values():
        assert account.server.startswith(("https://", "http://")) and account.server.isascii()
    return True


# --- names of files --------------------------------------------------------------------------------------------------


class Named(NamedTuple):
    """A file, folder, link or pipe of this name among the posts; `target` is a link's. Posts name it, too."""

    name: bytes
    kind: str
    target: str


_NAMES = (
    *("hello.md", "2026-12-01 First day.md", "über/größe.md", "emoji 👩‍👩‍👧‍👦.md", "a.md", "b-c_d.md"),
    *("cat.png", "x.MD", "README.md"),
)
_IN_NAMES = (
    *LETTERS,
    *DIRECTIONS,
    *COMMANDS,
    " ",
    "  ",
    "-",
    "--help",
    "%2e%2e",
    "\\",
    ":",
    "*",
    "?",
    '"',
    "<",
    "|",
    "'",
    "`",
)
_TARGETS = (
    *PATHS,
    "first.md",
    "../posts",
    "../../secret.md",
    "../../pipe",
    "/dev/zero",
    "/proc/self/environ",
    "a.md",
    "x",
)


def _name(random: Random) -> Named:
    name = random.choice(_NAMES)
    for _ in range(random.choice((0, 1, 1, 2))):
        at = random.randint(0, len(name.rpartition(".")[0]))
        name = name[:at] + random.choice(_IN_NAMES if random.random() < 0.7 else TOKENS) + name[at:]
    kind = random.choice(("file",) * 14 + ("folder", "link", "pipe"))
    data = bytes_changed(random, name.encode("utf-8", "surrogatepass"))
    return Named(data, kind, random.choice((*_TARGETS, random.choice(TOKENS))))


def _run_name(named: Named, where: Place) -> bool:
    with unwatched():
        made = _make(named, where)
    try:
        found = list(scan(where.folder, "posts"))
        for one in found:
            assert_harmless(clean_line(one.path if isinstance(one, FoundFile) else str(one)))
            assert github.inline(one.path).isascii() or True
            if isinstance(one, FoundFile):
                _read_named(one.path, where)
        name = named.name.decode("utf-8", "surrogateescape")
        _read_named(f"posts/{name}", where)
        if len(name) % 3 == 0:
            _post_that_names(name, where)
        return made and any(isinstance(one, FoundFile) and one.path != "posts/first.md" for one in found)
    finally:
        with unwatched():
            _clear(where)


def _make(named: Named, where: Place) -> bool:
    """Put it there; false where the disk does not take the name."""
    path = os.path.join(os.fsencode(where.folder / "posts"), named.name.replace(b"/..", b"/").lstrip(b"/."))  # noqa: PTH118
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        match named.kind:
            case "folder":
                os.mkdir(path)  # noqa: PTH102
            case "link":
                os.symlink(os.fsencode(named.target), path)  # noqa: PTH211
            case "pipe":
                os.mkfifo(path)
            case _:
                with open(path, "xb") as file:  # noqa: PTH123
                    file.write(b"---\nstatus: draft\n---\nHello\n")
    except (OSError, ValueError):
        return False
    return True


def _read_named(path: str, where: Place) -> None:
    read = read_file(where.folder, path)
    if isinstance(read, Problem):
        assert_harmless(clean_line(str(read)))
        return
    data, status = read
    assert stat.S_ISREG(status.st_mode) and b"Secret" not in data
    glance(data, path, where.settings)


def _post_that_names(name: str, where: Place) -> None:
    """A post that attaches and answers the file, so that it is looked for by each way there is."""
    quoted = json.dumps(name.encode("utf-8", "replace").decode(), ensure_ascii=False)
    front = (
        f"status: draft\nreply_to: {quoted}\nmedia: [{quoted}]\nlink: {{url: 'https://a.example/', image: {quoted}}}"
    )
    data = f"---\n{front}\n---\n![x](<{clean(name)}>)\n".encode("utf-8", "replace")
    post = _read(data, where)
    if post is not None:
        _render(post, post.targets[len(data) % 2], where)


def _clear(where: Place) -> None:
    posts = where.folder / "posts"
    for entry in os.scandir(os.fsencode(posts)):
        if entry.name == b"first.md":
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)  # noqa: PTH108


FRONT_MATTER = Surface("front matter", 30, _front, _run_front)
BODIES = Surface("bodies", 8, _body, _run_body)
CONFIG = Surface("configuration", 17, _config, _run_config)
NAMES = Surface("file names", 6, _name, _run_name, reads_only_inside=True)
