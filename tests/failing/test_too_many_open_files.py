from __future__ import annotations

import pytest

from tests.failing.lacking import Lacking, with_few_files


@pytest.mark.parametrize(("most", "heals"), [(8, False), (10, True)])
def test_with_too_few_files_it_says_how_to_raise_it_and_sends_once(lacking: Lacking, most: int, heals: bool) -> None:
    code, said = lacking.run("publish", before=with_few_files(most))
    assert "delete that file" not in said
    assert "ulimit -n" in said or (code == 0 and lacking.texts()), said
    if heals:
        lacking.heals()
