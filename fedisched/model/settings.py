"""The configuration, as everything but its reader sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NetworkName = Literal["mastodon", "bluesky"]


@dataclass(frozen=True, slots=True)
class Account:
    """A configured place to publish to, `[accounts.NAME]`.

    `server` is an origin without a trailing slash. `handle` is Bluesky's, without an `@`. `web` is the origin of
    the web app in which a Bluesky account's posts are shown to people; their links point there. `video` is the origin
    of the service that works videos over for a Bluesky account; empty: the one that belongs to its server, if any. It
    is no key of the config, since whoever can push posts can change that.
    """

    name: str
    network: NetworkName
    server: str
    handle: str = ""
    web: str = "https://bsky.app"
    video: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that holds this account's credential."""
        word = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.name).upper()
        return f"FEDISCHED_{word}_{'TOKEN' if self.network == 'mastodon' else 'PASSWORD'}"


@dataclass(frozen=True, slots=True)
class Retry:
    """When a delivery that was not sent is tried again; all in seconds, `give_up_after` from the first attempt."""

    first: float = 60.0
    longest: float = 3600.0
    give_up_after: float = 86400.0


@dataclass(frozen=True, slots=True)
class GitSettings:
    """How results travel. `pull_every` in seconds; an empty `remote` keeps everything local. `author` is who commits
    results, as `Name <email>`; empty for whoever git says."""

    commit: bool = True
    remote: str = ""
    pull_every: float = 60.0
    claim: bool = False
    author: str = ""

    @property
    def author_name(self) -> str:
        return self.author.rpartition("<")[0].strip()

    @property
    def author_email(self) -> str:
        return self.author.rpartition("<")[2].removesuffix(">").strip()


@dataclass(frozen=True, slots=True)
class Threads:
    """`[threads]`. `number` is put under each part of a thread that was split automatically, with `{n}` and `{total}`
    filled in; empty for none. `unlisted_follow_ups`: on Mastodon only a thread's first part is public."""

    number: str = ""
    unlisted_follow_ups: bool = False


@dataclass(frozen=True, slots=True)
class OnBluesky:
    """`[bluesky]`. `cw` says what becomes of a content warning of a post that has no label of Bluesky's: `text` puts it
    at the head of the text, a label's name gives the post this label instead."""

    cw: str = "text"


@dataclass(frozen=True, slots=True)
class Settings:
    """One content folder's configuration. `folder` is absolute; `posts` is relative to it, with `/`. `alt_required`: a
    picture, video or sound without a description is an error. `vault`: the file in the folder, with `/`, that holds the
    encrypted credentials; empty where the state folder does."""

    folder: Path
    source: Path
    posts: str = "posts"
    timezone: str = ""
    default_targets: tuple[str, ...] = ()
    late_after: float = 12 * 3600.0
    extra_keys: tuple[str, ...] = ()
    alt_required: bool = True
    vault: str = ""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    retry: Retry = Retry()
    git: GitSettings = GitSettings()
    threads: Threads = Threads()
    bluesky: OnBluesky = OnBluesky()

    @property
    def posts_folder(self) -> Path:
        return self.folder / self.posts

    def names_of(self, account: str) -> tuple[str, ...]:
        """What a post may call an account by, from the widest to the narrowest: its network (unless an account or a
        group is called so), the groups that it is in, its own name."""
        network = self.accounts[account].network
        groups = [name for name, members in self.groups.items() if account in members]
        wide = [network] if network not in self.accounts and network not in self.groups else []
        return (*wide, *groups, account)

    def accounts_named(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """The account names behind a list of account and group names, each once, in order; None means the default.
        A name that is neither is passed over: the reader of the post has a problem for it."""
        wanted = self.default_targets if names is None else names
        found: dict[str, None] = {}
        for name in wanted:
            for account in self.groups.get(name, (name,)):
                if account in self.accounts:
                    found[account] = None
        return tuple(found)
