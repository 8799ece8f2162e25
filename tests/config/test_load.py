"""Loading settings: what a whole file gives, every mistake at once, the cache, and the child that validates."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fedisched.config import load_settings, load_settings_aside
from fedisched.model.errors import ConfigError
from fedisched.model.problem import Problem
from fedisched.model.settings import Account, GitSettings, OnBluesky, Retry, Settings, Threads

WHOLE = """\
timezone = "Europe/Berlin"
posts = "texts"
default_targets = ["mastodon", "everywhere"]
late_after = "1h30m"
extra_keys = ["mood"]

[accounts.mastodon]
network = "mastodon"
server = "https://Mastodon.Social/"

[accounts.bluesky]
network = "bluesky"
handle = "@Me.bsky.social"

[accounts."home.pds"]
network = "bluesky"
handle = "me.example.com"
server = "http://127.0.0.1:2583"
web = "https://deck.example.com"

[groups]
everywhere = ["mastodon", "bluesky"]

[people.alice]
mastodon = "@alice@hachyderm.io"
bluesky = "alice.example.com"

[retry]
first = "90s"
longest = "2h"
give_up_after = "2d"

[git]
commit = false
remote = "origin"
pull_every = "5m"
author = "Bo <bo@example.org>"
claim = true

[bluesky]
cw = "graphic-media"

[threads]
number = "{n}/{total}"
unlisted_follow_ups = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    content = tmp_path / "content"
    content.mkdir()
    return content


def write(folder: Path, text: str) -> None:
    (folder / "fedisched.toml").write_text(text, encoding="utf-8")


def problems_of(folder: Path, text: str) -> list[Problem]:
    write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(folder)
    return list(caught.value.problems)


def only_problem(folder: Path, text: str) -> Problem:
    (problem,) = problems_of(folder, text)
    return problem


def test_a_whole_file_is_read_as_it_says(folder: Path) -> None:
    write(folder, WHOLE)
    assert load_settings(folder) == Settings(
        folder=folder,
        source=folder / "fedisched.toml",
        posts="texts",
        timezone="Europe/Berlin",
        default_targets=("mastodon", "everywhere"),
        late_after=5400.0,
        extra_keys=("mood",),
        accounts={
            "mastodon": Account("mastodon", "mastodon", "https://mastodon.social"),
            "bluesky": Account("bluesky", "bluesky", "https://bsky.social", "me.bsky.social"),
            "home.pds": Account(
                "home.pds", "bluesky", "http://127.0.0.1:2583", "me.example.com", "https://deck.example.com"
            ),
        },
        groups={"everywhere": ("mastodon", "bluesky")},
        people={"alice": {"mastodon": "@alice@hachyderm.io", "bluesky": "@alice.example.com"}},
        retry=Retry(90.0, 7200.0, 172800.0),
        git=GitSettings(commit=False, remote="origin", pull_every=300.0, claim=True, author="Bo <bo@example.org>"),
        threads=Threads("{n}/{total}", unlisted_follow_ups=True),
        bluesky=OnBluesky("graphic-media"),
    )


def test_an_empty_file_gives_the_defaults(folder: Path) -> None:
    write(folder, "")
    assert load_settings(folder) == Settings(folder=folder, source=folder / "fedisched.toml")


def test_a_pyproject_table_is_a_configuration(folder: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.fedisched]\ntimezone = "UTC"\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    settings = load_settings(folder)
    assert (settings.timezone, settings.source.name) == ("UTC", "pyproject.toml")


def test_a_mistake_in_pyproject_is_shown_where_it_stands(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.fedisched]\n\nposts = "/etc"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(folder)
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.column) == ("pyproject.toml", 3, 9)


def test_a_bom_and_crlf_do_not_matter(folder: Path) -> None:
    (folder / "fedisched.toml").write_bytes(b'\xef\xbb\xbftimezone = "UTC"\r\nposts = "../x"\r\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(folder)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, 9)


def test_all_mistakes_are_told_at_once_in_the_order_in_which_they_stand(folder: Path) -> None:
    text = """\
timezone = "Europe/Berln"
default_targets = ["mastodn"]
late_afer = "12h"

[accounts.mastodon]
network = "mastodon"
server = "mastodon.social"

[accounts.bluesky]
network = "bluesky"

[git]
commit = "true"
"""
    found = [(p.line, p.column, p.code) for p in problems_of(folder, text)]
    assert found == [
        (1, 12, "unknown-timezone"),
        (2, 20, "unknown-target"),
        (3, 1, "unknown-key"),
        (7, 10, "bad-server"),
        (9, 1, "missing-key"),
        (13, 10, "wrong-type"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ('timezone = "europe/berlin "', "unknown-timezone", "Did you mean `Europe/Berlin`?"),
        ('timezone = "../../etc/passwd"', "unknown-timezone", "IANA"),
        ('tmezone = "UTC"', "unknown-key", "Did you mean `timezone`?"),
        ("late_after = 12", "wrong-type", "in quotes with a unit"),
        ('late_after = "12"', "bad-duration", "`12h`"),
        ('late_after = "0s"', "bad-duration", "`12h`"),
        ('late_after = "9999d"', "bad-duration", "`12h`"),
        ('default_targets = "x"', "wrong-type", "in brackets"),
        ("extra_keys = [1]", "wrong-type", "in quotes"),
        ('posts = "/posts"', "posts-outside", "sub-folder"),
        ('posts = "a/../../b"', "posts-outside", "sub-folder"),
        ('posts = "."', "bad-posts", "sub-folder"),
        ('posts = ".git/x"', "bad-posts", "visible"),
        ('vault = "/etc/x.vault"', "vault-outside", "fedisched.vault"),
        ('vault = "../x.vault"', "vault-outside", "fedisched.vault"),
        ('vault = "~/x.vault"', "vault-outside", "fedisched.vault"),
        ('vault = ".git/hooks/x.vault"', "bad-vault", "fedisched.vault"),
        ('vault = "posts/hello.md"', "bad-vault", "fedisched.vault"),
        ('vault = ".vault"', "bad-vault", "fedisched.vault"),
        ('vault = ""', "bad-vault", "fedisched.vault"),
        ("accounts = 3", "wrong-type", "[header]"),
        ("[accounts]\na = 3", "wrong-type", "[accounts.NAME]"),
        ("[accounts.a]", "missing-key", 'network = "mastodon"'),
        ('[accounts.a]\nnetwork = "blusky"', "unknown-network", "Did you mean `bluesky`?"),
        ('[accounts.a]\nnetwork = "mastodon"', "missing-key", 'Add `server = "https://'),
        ('[accounts.a]\nnetwork = "bluesky"\nhandle = "me"', "bad-handle", "whole handle"),
        ('[accounts."a b"]\nnetwork = "bluesky"\nhandle = "me.x.org"', "bad-name", "letters"),
        ('[groups]\na = ["b"]', "unknown-target", "[accounts.b]"),
        ("[groups]\na = []", "empty-group", "List the names"),
        ('[people.a]\nmastodon = "a"', "bad-person", "@alice@mastodon.social"),
        ('[people.a]\ntwitter = "a"', "unknown-key", "`mastodon` and `bluesky`"),
        ('[retry]\nfirst = "2h"', "retry-order", "longer"),
        ('[bluesky]\ncw = "graphic"', "bad-cw", "`graphic-media`"),
        ("[bluesky]\nwarning = 1", "unknown-key", "cw"),
        ('[threads]\nnumber = "part"', "bad-number", "{n}/{total}"),
        ('[threads]\nnumber = "{n}/{all}"', "bad-number", "{n}/{total}"),
        ('[threads]\nnumber = "{n}\\n"', "bad-number", "{n}/{total}"),
        ("[threads]\nunlisted = true", "unknown-key", "unlisted_follow_ups"),
        ('[retry]\nfirts = "2h"', "unknown-key", "Did you mean `first`?"),
        ('[git]\nremote = "ext::sh -c id"', "bad-remote", "`git remote`"),
        ('[git]\nremote = "--upload-pack=id"', "bad-remote", "`git remote`"),
        ('[git]\nauthor = "Bo"', "bad-author", "<me@example.org>"),
        ('[git]\nauthor = "Bo\\n<bo@example.org>"', "bad-author", "<me@example.org>"),
        ("[git]\nclaim = 1", "wrong-type", "`true` or `false`"),
        ("[git]\nclaim = true", "claim-needs-remote", '`remote = "origin"`'),
        ("a = ", "toml-syntax", "toml.io"),
        ('a = "x', "toml-syntax", "toml.io"),
        ("posts = 'a'\nposts = 'b'", "toml-syntax", "toml.io"),
    ],
)
def test_each_mistake_has_its_code_and_says_what_to_write(folder: Path, text: str, code: str, hint: str) -> None:
    problem = only_problem(folder, text)
    assert problem.code == code
    assert hint in problem.hint
    assert not problem.message.endswith(".")


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("http://mastodon.social", "insecure-server"),
        ("http://127.0.0.1.evil.example", "insecure-server"),
        ("http://192.168.0.1", "insecure-server"),
        ("https://me:secret@mastodon.social", "bad-server"),
        ("https://mastodon.social/about", "bad-server"),
        ("https://mastodon.social?x=1", "bad-server"),
        ("https://mastodon.social#", "bad-server"),
        ("https://mastodon.social\\\\@evil.example", "bad-server"),
        ("https://mastodon.social:99999", "bad-server"),
        ("https://mastodon .social", "bad-server"),
        ("https://", "bad-server"),
        ("https://[::1", "bad-server"),
        ("file:///etc/passwd", "bad-server"),
        ("ftp://mastodon.social", "bad-server"),
        ("https://münchen.social", "bad-server"),
    ],
)
def test_a_server_is_an_https_origin_and_nothing_more(folder: Path, server: str, code: str) -> None:
    problem = only_problem(folder, f'[accounts.a]\nnetwork = "mastodon"\nserver = "{server}"\n')
    assert (problem.code, problem.line, problem.column) == (code, 3, 10)
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("HTTPS://Example.ORG:443/", "https://example.org"),
        ("https://example.org:8443", "https://example.org:8443"),
    ],
)
def test_a_server_is_kept_as_a_plain_origin(folder: Path, written: str, read: str) -> None:
    write(folder, f'[accounts.a]\nnetwork = "mastodon"\nserver = "{written}"\n')
    assert load_settings(folder).accounts["a"].server == read


def test_a_host_in_another_script_is_shown_as_dns_spells_it(folder: Path) -> None:
    problem = only_problem(folder, '[accounts.a]\nnetwork = "mastodon"\nserver = "https://münchen.social"\n')
    assert "xn--mnchen-3ya.social" in problem.hint


def test_two_names_with_one_environment_variable_are_refused(folder: Path) -> None:
    account = 'network = "mastodon"\nserver = "https://a.example"\n'
    problem = only_problem(folder, f"[accounts.my-home]\n{account}[accounts.my_home]\n{account}")
    assert (problem.code, problem.line) == ("same-variable", 4)
    assert "FEDISCHED_MY_HOME_TOKEN" in problem.message


def test_one_name_for_a_group_and_an_account_is_refused(folder: Path) -> None:
    text = '[accounts.a]\nnetwork = "mastodon"\nserver = "https://a.example"\n[groups]\na = ["a"]\n'
    assert only_problem(folder, text).code == "same-name"


def test_a_group_in_a_group_is_refused(folder: Path) -> None:
    text = '[accounts.a]\nnetwork = "mastodon"\nserver = "https://a.example"\n[groups]\nb = ["a"]\nc = ["a", "b"]\n'
    problem = only_problem(folder, text)
    assert (problem.code, problem.line, problem.column) == ("group-in-group", 6, 11)


def test_a_text_with_braces_is_quoted_as_it_is(folder: Path) -> None:
    assert "`{message}{x}`" in only_problem(folder, 'late_after = "{message}{x}"').message


def test_bytes_that_are_not_utf8_are_a_problem_with_a_place(folder: Path) -> None:
    (folder / "fedisched.toml").write_bytes('# ä\nposts = "é'.encode() + b'\xff"')
    with pytest.raises(ConfigError) as caught:
        load_settings(folder)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("not-utf-8", 2, 11)


def test_deep_nesting_is_a_problem_and_no_crash(folder: Path) -> None:
    assert only_problem(folder, f"a = {'[' * 5000}{']' * 5000}").code == "toml-syntax"


def test_posts_behind_a_link_that_leads_out_are_refused_even_when_the_cache_knows_the_file(
    folder: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    write(folder, "")
    (folder / "posts").mkdir()
    load_settings(folder, state)
    (folder / "posts").rmdir()
    (folder / "posts").symlink_to(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_settings(folder, state)
    assert caught.value.problems[0].code == "posts-outside"


def test_a_folder_without_a_configuration_says_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"fedisched init"):
        load_settings(folder)


def test_the_cache_gives_the_same_settings_and_is_private(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    write(folder, WHOLE)
    fresh = load_settings(folder, state)
    assert load_settings(folder, state) == fresh
    assert stat.S_IMODE((state / "settings.json").stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == ["settings.json"]


def test_the_cache_is_not_believed_when_the_file_changed(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    write(folder, 'posts = "one"')
    load_settings(folder, state)
    write(folder, 'posts = "two"')
    assert load_settings(folder, state).posts == "two"


def test_the_cache_is_not_believed_for_another_folder(folder: Path, tmp_path: Path) -> None:
    state, other = tmp_path / "state", tmp_path / "other"
    other.mkdir()
    for each in (folder, other):
        write(each, "")
    load_settings(folder, state)
    assert load_settings(other, state).folder == other


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"fingerprint": 3}', b"\xff", b"[" * 100_000])
def test_a_damaged_cache_is_ignored_and_written_again(folder: Path, tmp_path: Path, damage: bytes) -> None:
    state = tmp_path / "state"
    write(folder, WHOLE)
    fresh = load_settings(folder, state)
    kept = (state / "settings.json").read_bytes()
    (state / "settings.json").write_bytes(damage)
    assert load_settings(folder, state) == fresh
    assert (state / "settings.json").read_bytes() == kept


def test_settings_in_a_cache_that_lost_a_field_are_ignored(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    write(folder, WHOLE)
    fresh = load_settings(folder, state)
    kept = json.loads((state / "settings.json").read_bytes())
    del kept["settings"]["retry"]
    (state / "settings.json").write_text(json.dumps(kept))
    assert load_settings(folder, state) == fresh


def test_a_state_folder_that_cannot_be_made_only_costs_the_cache(folder: Path, tmp_path: Path) -> None:
    write(folder, "")
    (tmp_path / "file").write_text("")
    assert load_settings(folder, tmp_path / "file" / "state").posts == "posts"


def imported_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_known_configuration_needs_neither_pydantic_nor_tomllib(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    write(folder, WHOLE)
    load_settings(folder, state)
    load = f"from pathlib import Path\nfrom fedisched.config import load_settings\nload_settings(Path({str(folder)!r})"
    assert not imported_after(f"{load}, Path({str(state)!r}))") & {"pydantic", "tomllib"}
    assert imported_after(f"{load})") >= {"pydantic", "tomllib"}


def test_a_child_validates_so_that_this_process_stays_small(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    write(folder, WHOLE)
    code = f"""
from pathlib import Path
from fedisched.config import load_settings_aside
assert load_settings_aside(Path({str(folder)!r}), Path({str(state)!r})).timezone == "Europe/Berlin"
"""
    assert not imported_after(code) & {"pydantic", "tomllib"}
    assert load_settings_aside(folder, state) == load_settings(folder)


def test_a_child_tells_the_same_problems(folder: Path, tmp_path: Path) -> None:
    write(folder, 'timezone = "Europe/Berln"\nposts = "/"\n')
    with pytest.raises(ConfigError) as here:
        load_settings(folder)
    with pytest.raises(ConfigError) as aside:
        load_settings_aside(folder, tmp_path / "state")
    assert (str(aside.value), aside.value.problems) == (str(here.value), here.value.problems)
    assert len(here.value.problems) == 2


def test_a_module_in_the_content_folder_is_never_imported_by_the_child(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "")
    for name in ("json", "tomllib", "pydantic", "fedisched"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'proof')!r}, 'w')")
    monkeypatch.chdir(folder)
    load_settings_aside(folder, tmp_path / "state")
    assert not (tmp_path / "proof").exists()
