from __future__ import annotations

import pytest

from tests.failing.lacking import Lacking, with_few_files


@pytest.mark.parametrize("most", [8, 10])
def test_with_too_few_files_it_says_how_to_raise_the_limit_and_sends_once(lacking: Lacking, most: int) -> None:
    code, said = lacking.run("publish", before=with_few_files(most))
    assert "delete that file" not in said
    assert "ulimit -n" in said or (code == 0 and lacking.texts()), said
    lacking.heals()
