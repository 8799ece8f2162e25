"""The shape of `fedisched.toml`, as pydantic sees it. Heavy to import: only the reader does, when the cache misses."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from fedisched.config.values import (
    Author,
    Handle,
    Name,
    Numbering,
    OnBluesky,
    OnMastodon,
    PostsFolder,
    Remote,
    Seconds,
    Server,
    Switch,
    Text,
    TimezoneName,
    VaultFile,
    Warned,
    wrong,
)

Element = TypeVar("Element")


def _a_list(value: object) -> object:
    if not isinstance(value, list):
        raise wrong("wrong-type", "this must be a list", 'Write it in brackets: `["mastodon", "bluesky"]`.')
    return value


def _a_table(value: object) -> object:
    if not isinstance(value, dict):
        raise wrong("wrong-type", "this must be a table", "Write it as a `[header]` with `key = value` lines below.")
    return value


Listed = Annotated[list[Element], BeforeValidator(_a_list)]
Table = Annotated[dict[Name, Element], BeforeValidator(_a_table)]


class Shape(BaseModel):
    """What all tables share: a key that is not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MastodonShape(Shape):
    """`[accounts.NAME]` of a server that speaks Mastodon's API."""

    network: Literal["mastodon"]
    server: Server


class BlueskyShape(Shape):
    """`[accounts.NAME]` of a Bluesky account, on any PDS; `web` is the app in which people look at its posts."""

    network: Literal["bluesky"]
    handle: Handle
    server: Server = "https://bsky.social"
    web: Server = "https://bsky.app"


def _an_account(value: object) -> object:
    if not isinstance(value, dict):
        raise wrong(
            "wrong-type", "an account must be a table", 'Write `[accounts.NAME]`, and below it `network = "…"`.'
        )
    return value


def _network_of(account: object) -> str | None:
    network = account.get("network") if isinstance(account, dict) else None
    return network if isinstance(network, str) else None


AccountShape = Annotated[
    Annotated[MastodonShape, Tag("mastodon")] | Annotated[BlueskyShape, Tag("bluesky")],
    Discriminator(_network_of),
    BeforeValidator(_an_account),
]


class PersonShape(Shape):
    """`[people.NAME]`: what `@NAME` is on each network."""

    mastodon: OnMastodon | None = None
    bluesky: OnBluesky | None = None


class RetryShape(Shape):
    """`[retry]`."""

    first: Seconds = 60.0
    longest: Seconds = 3600.0
    give_up_after: Seconds = 86400.0


class GitShape(Shape):
    """`[git]`."""

    commit: Switch = True
    remote: Remote = ""
    pull_every: Seconds = 60.0
    claim: Switch = False
    author: Author = ""


class ThreadsShape(Shape):
    """`[threads]`."""

    number: Numbering = ""
    unlisted_follow_ups: Switch = False


class OnBlueskyShape(Shape):
    """`[bluesky]`."""

    cw: Warned = "text"


class ConfigShape(Shape):
    """The whole file."""

    timezone: TimezoneName = ""
    posts: PostsFolder = "posts"
    default_targets: Listed[Text] = Field(default_factory=list)
    late_after: Seconds = 12 * 3600.0
    extra_keys: Listed[Text] = Field(default_factory=list)
    alt_required: Switch = True
    vault: VaultFile = ""
    accounts: Table[AccountShape] = Field(default_factory=dict)
    groups: Table[Listed[Text]] = Field(default_factory=dict)
    people: Table[Annotated[PersonShape, BeforeValidator(_a_table)]] = Field(default_factory=dict)
    retry: Annotated[RetryShape, BeforeValidator(_a_table)] = RetryShape()
    git: Annotated[GitShape, BeforeValidator(_a_table)] = GitShape()
    threads: Annotated[ThreadsShape, BeforeValidator(_a_table)] = ThreadsShape()
    bluesky: Annotated[OnBlueskyShape, BeforeValidator(_a_table)] = OnBlueskyShape()
