from __future__ import annotations

from fedisched.engine.journal import Journal
from tests.failing.lacking import Lacking, as_nobody_special


def test_without_the_right_to_the_state_folder_nothing_is_sent(lacking: Lacking) -> None:
    lacking.state.mkdir(mode=0o700)
    Journal(lacking.state / "journal.sqlite3").close()
    lacking.state.chmod(0o500)
    file = lacking.state / "journal.sqlite3"
    file.chmod(0o400)
    # The folder itself is ours, and is opened for us again; what is in it is not touched.
    code, said = lacking.run("publish", before=as_nobody_special)
    assert code == 1 and "you may not write there" in said and "chown" in said, said
    assert lacking.texts() == []


def test_without_the_right_to_the_posts_folder_nothing_is_sent(lacking: Lacking) -> None:
    posts = lacking.post.parent
    posts.chmod(0o500)
    code, said = lacking.run("publish", before=as_nobody_special)
    posts.chmod(0o700)
    assert code == 75 and f"Let the user who runs fedisched write in {posts}" in said, said
    assert lacking.texts() == [] and "results" not in lacking.post.read_text()


def test_without_the_right_to_read_a_post_it_is_named(lacking: Lacking) -> None:
    lacking.post.chmod(0)
    code, said = lacking.run("check", before=as_nobody_special)
    lacking.post.chmod(0o600)
    assert code == 1 and "posts/a.md:1:1: error: the file may not be read" in said, said


def test_a_state_folder_that_may_not_even_be_read_is_opened_again(lacking: Lacking) -> None:
    lacking.state.mkdir(mode=0o700)
    lacking.state.chmod(0)
    code, said = lacking.run("queue", before=as_nobody_special)
    assert code in (0, 1) and "dropbox" not in said and "Traceback" not in said, said
