from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedisched.content.fences import FILE_CAP, FRONT_CAP, Fenced, split
from fedisched.model.problem import Problem


def fenced(data: bytes) -> Fenced:
    result = split(data, "posts/a.md")
    assert isinstance(result, Fenced), result
    return result


def problem(data: bytes) -> Problem:
    result = split(data, "posts/a.md")
    assert isinstance(result, Problem), result
    assert result.path == "posts/a.md"
    assert result.hint.endswith(".")
    assert not result.message.endswith(".")
    return result


def where(data: bytes) -> tuple[str, int, int]:
    found = problem(data)
    return found.code, found.line, found.column


def test_front_matter_and_body_are_cut_at_the_fences() -> None:
    cut = fenced(b"---\ntime: now\n---\nHello\n")
    assert (cut.front, cut.front_start, cut.front_line) == ("time: now\n", 4, 2)
    assert (cut.body, cut.body_start, cut.body_line) == ("Hello\n", 18, 4)
    assert (cut.opening, cut.closing, cut.newline, cut.bom) == (0, 14, "\n", False)


def test_crlf_a_bom_and_leading_blank_lines_are_kept_and_counted() -> None:
    cut = fenced(b"\xef\xbb\xbf\r\n  \r\n---  \r\na: b\r\n...\t\r\nHi\r\n")
    assert cut.bom
    assert not cut.text.startswith("\ufeff")
    assert (cut.front, cut.front_line, cut.newline) == ("a: b\r\n", 4, "\r\n")
    assert (cut.body, cut.body_line) == ("Hi\r\n", 6)
    assert cut.text[cut.closing : cut.closing + 3] == "..."


def test_a_file_may_end_with_its_closing_fence() -> None:
    cut = fenced(b"---\na: b\n---")
    assert (cut.front, cut.body, cut.body_start, cut.body_line) == ("a: b\n", "", 12, 4)


def test_empty_front_matter_is_still_front_matter() -> None:
    cut = fenced(b"---\n---\nHello")
    assert (cut.front, cut.front_line, cut.body, cut.body_line) == ("", 2, "Hello", 3)


def test_an_indented_fence_does_not_close() -> None:
    cut = fenced(b"---\na: |\n  ---\n---\nHello\n---\nSecond")
    assert cut.front == "a: |\n  ---\n"
    assert cut.body == "Hello\n---\nSecond"


def test_a_file_that_is_no_text_is_a_problem_with_its_place() -> None:
    assert where(b"") == ("empty-file", 1, 1)
    assert where(b"\xef\xbb\xbf \r\n\n") == ("empty-file", 1, 1)
    assert where(b"---\na: b\0\n---\n") == ("binary", 2, 5)
    assert where("---\nä: é".encode() + b"\xff\n---\n") == ("not-utf-8", 2, 5)
    assert where(b"\xef\xbb\xbfa\xff") == ("not-utf-8", 1, 2)
    assert where("---\ntime: x\n".encode("utf-16")) == ("utf-16", 1, 1)
    assert where("---\ntime: x\n".encode("utf-16-le")) == ("utf-16", 1, 1)
    assert where("---\ntime: x\n".encode("utf-16-be")) == ("utf-16", 1, 1)
    assert "UTF-8" in problem("---\ntime: x\n".encode("utf-16-be")).hint
    assert where(b"---\ra: b\r---\rHello") == ("line-endings", 1, 4)


def test_no_front_matter_is_a_problem_that_says_how_it_looks() -> None:
    assert where(b"\nHello\n") == ("no-front-matter", 2, 1)
    assert "---" in problem(b"Hello\n").hint
    assert where(b"+++\ntime = 1\n+++\n") == ("toml-front-matter", 1, 1)
    assert where(b'{\n "time": 1}\n') == ("json-front-matter", 1, 1)
    assert where(b" ---\na: b\n---\n") == ("no-front-matter", 1, 2)
    assert "three hyphens" in problem("—\na: b\n---\n".encode()).hint
    assert "three hyphens" in problem(b"----\na: b\n---\n").hint


def test_front_matter_that_is_never_closed_is_a_problem_at_its_fence() -> None:
    assert where(b"\n---\na: b\n\nHello\n") == ("front-matter-not-closed", 2, 1)
    assert where(b"---") == ("front-matter-not-closed", 1, 1)
    assert "line 3" in problem(b"---\na: b\n ---\nHello\n").hint


def test_conflict_markers_are_a_problem_wherever_they_stand() -> None:
    assert where(b"---\n<<<<<<< HEAD\na: b\n---\n") == ("conflict-marker", 2, 1)
    assert where(b"---\na: b\n---\nHello\n=======\nYou\n") == ("conflict-marker", 5, 1)
    assert where(b"---\r\na: b\r\n---\r\nHello\r\n=======\r\nYou\r\n") == ("conflict-marker", 5, 1)
    assert where(b"---\na: b\n---\n>>>>>>> stash") == ("conflict-marker", 4, 1)
    assert where(b"---\na: b\n---\n||||||| 1234567\n") == ("conflict-marker", 4, 1)


def test_text_that_only_looks_like_a_conflict_is_text() -> None:
    fenced(b"---\na: b\n---\nTitle\n========\n\n<<<<<<<< a\n x =======\n>>>>>>>b\n")


def test_sizes_are_capped() -> None:
    head, tail = b"---\na: ", b"\n---\n"
    assert where(head + b"x" * FILE_CAP + tail) == ("file-too-large", 1, 1)
    assert where(head + b"x" * FRONT_CAP + tail) == ("front-matter-too-large", 2, 1)
    assert len(fenced(head + b"x" * (FRONT_CAP - 4) + tail).front) == FRONT_CAP


@given(st.binary(max_size=60) | st.text("-.\n\r \ufeff=<a:é", max_size=40).map(lambda text: text.encode()))
def test_any_bytes_give_a_cut_that_adds_up_or_a_problem(data: bytes) -> None:
    result = split(data, "a.md")
    if isinstance(result, Problem):
        assert result.line >= 1
        assert result.column >= 1
        return
    bom = b"\xef\xbb\xbf" if result.bom else b""
    assert bom + result.text.encode() == data
    assert result.text[result.front_start : result.closing] == result.front
    assert result.text[result.body_start :] == result.body
    assert result.mark(result.front_start).line == result.front_line
    assert result.mark(result.opening).column == 1
