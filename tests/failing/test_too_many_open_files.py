from __future__ import annotations

import pytest

from tests.failing.lacking import Lacking, with_few_files


@pytest.mark.parametrize("most", [6, 7, 8, 9, 10, 12])
def test_with_too_few_files_it_says_how_to_raise_the_limit_and_sends_once(lacking: Lacking, most: int) -> None:
    code, said = lacking.run("publish", before=with_few_files(most))
    assert "delete that file" not in said
    if lacking.texts() and code == 0 and "ulimit" not in said:
        return
    assert "ulimit -n" in said, said
    code, said = lacking.run("publish")
    assert lacking.texts() in ([], ["Hello!"]), said
    if lacking.texts():
        assert "status: published" in lacking.post.read_text(), said
