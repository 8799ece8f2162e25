"""Settings as JSON and back."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.config.plain import settings_from_plain, settings_to_plain
from fedisched.model.settings import Account, GitSettings, NetworkName, Retry, Settings

texts = st.text(max_size=8)
spans = st.floats(min_value=0, max_value=1e9)
networks: st.SearchStrategy[NetworkName] = st.sampled_from(["mastodon", "bluesky"])
paths = st.from_regex(r"(/[a-zä \udc80]{1,8}){1,3}", fullmatch=True).map(Path)
accounts = st.lists(st.builds(Account, texts, networks, texts, texts, texts), max_size=3, unique_by=lambda a: a.name)


@settings(max_examples=60)
@given(
    st.builds(
        Settings,
        folder=paths,
        source=paths,
        posts=texts,
        timezone=texts,
        default_targets=st.lists(texts, max_size=3).map(tuple),
        late_after=spans,
        extra_keys=st.lists(texts, max_size=3).map(tuple),
        accounts=accounts.map(lambda each: {account.name: account for account in each}),
        groups=st.dictionaries(texts, st.lists(texts, max_size=3).map(tuple), max_size=3),
        people=st.dictionaries(texts, st.dictionaries(texts, texts, max_size=2), max_size=3),
        retry=st.builds(Retry, spans, spans, spans),
        git=st.builds(GitSettings, st.booleans(), texts, spans, st.booleans()),
    )
)
def test_any_settings_come_back_equal(value: Settings) -> None:
    back = settings_from_plain(json.loads(json.dumps(settings_to_plain(value))))
    assert back == value
    assert list(back.accounts) == list(value.accounts)
