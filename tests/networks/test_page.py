"""What a page says of itself, in whatever it is written; and that no page, however hostile, takes long to read."""

from __future__ import annotations

import time

import pytest
import regex

from fedisched.networks.page import LONGEST_DESCRIPTION, LONGEST_TITLE, Page, has_said_enough, read_page, shown

URL = "https://page.test/a/b"


def read(text: str, charset: str = "utf-8") -> Page:
    return read_page(text.encode(), charset, URL)


def og(name: str, content: str) -> str:
    return f'<meta property="og:{name}" content="{content}">'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<title>T</title>{og('title', 'O')}{og('description', 'D')}", ("O", "D")),
        ("<title>T</title><meta name=description content=D>", ("T", "D")),
        ("<title\n>T\n  &amp; more</title>", ("T & more", "")),
        ("<TITLE>T</TITLE><META NAME='Description' CONTENT='D'>", ("T", "D")),
        ('<meta name="twitter:title" content="W"><title>T</title>', ("W", "")),
        ('<meta content="O" property="og:title"/>', ("O", "")),
        ("<meta property=og:title content='a > b'><title>T</title>", ("a > b", "")),
        (f"{og('title', '')}{og('title', ' ')}<title>T</title>", ("T", "")),
        (f"{og('title', 'First')}{og('title', 'Second')}", ("First", "")),
        ("<!-- <title>No</title> --><title>T</title>", ("T", "")),
        ("<script>var a = '<title>No</title>'</script><title>T</title>", ("T", "")),
        ("<style>/* <title>No</title> */</style ><title>T</title>", ("T", "")),
        ("<title>T</title><svg><title>No</title></svg>", ("T", "")),
        (
            og("title", "Tom &amp; &quot;Ann&quot; &#8211; caf&eacute; &#x1F600; &lt;b&gt;"),
            ('Tom & "Ann" – café 😀 <b>', ""),
        ),
        (og("title", "a&#0;b&#xD800;c&#x202E;d&#8203;e"), ("a\ufffdb\ufffdcde", "")),
        (og("title", "one\n\t two\u00a0 three"), ("one two three", "")),
        ("<title>T", ("T", "")),
        ("<title>T</title", ("T", "")),
        ("<meta property='og:title' content='O", ("", "")),
        ("plain words", ("", "")),
        ("", ("", "")),
        ("<", ("", "")),
        ("<title></title>", ("", "")),
        ("<titlebar>No</titlebar><metal content=x>", ("", "")),
    ],
)
def test_a_page_is_read_as_it_is_meant(text: str, expected: tuple[str, str]) -> None:
    page = read(text)
    assert (page.title, page.description) == expected


@pytest.mark.parametrize(
    ("said", "images"),
    [
        (og("image", "https://cdn.test/x.png"), ("https://cdn.test/x.png",)),
        (og("image", "/x.png?a=1&amp;b=2"), ("https://page.test/x.png?a=1&b=2",)),
        (og("image", "x.png"), ("https://page.test/a/x.png",)),
        (og("image", "//cdn.test/x.png"), ("https://cdn.test/x.png",)),
        (
            og("image", "http://c.test/1") + og("image:secure_url", "https://c.test/1"),
            ("https://c.test/1", "http://c.test/1"),
        ),
        (og("image", "1") + og("image", "2") + og("image", "3"), ("https://page.test/a/1", "https://page.test/a/2")),
        (og("image", "data:image/png;base64,xx"), ()),
        (og("image", "javascript:alert(1)"), ()),
        (og("image", "http://[::1/x"), ()),
        ('<meta name="twitter:image" content="/t.png">', ("https://page.test/t.png",)),
        (og("image", ""), ()),
    ],
)
def test_pictures_are_whole_addresses(said: str, images: tuple[str, ...]) -> None:
    assert read(said).images == images


TEXT = "Ünïcödé — naïve"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (f"<title>{TEXT}</title>".encode(), "utf-8"),
        (f"<title>{TEXT}</title>".encode(), "UTF8"),
        (f"<title>{TEXT}</title>".encode(), ""),
        (f"<title>{TEXT}</title>".encode() + "é".encode()[:1], ""),
        (f"\ufeff<title>{TEXT}</title>".encode(), "iso-8859-1"),
        (f"<meta charset=utf-8><title>{TEXT}</title>".encode(), ""),
        (f"<meta charset=utf-16><title>{TEXT}</title>".encode(), ""),
        (f"<title>{TEXT}</title>".encode("cp1252"), "iso-8859-1"),
        (f"<title>{TEXT}</title>".encode("cp1252"), "windows-1252"),
        (f"<title>{TEXT}</title>".encode("cp1252"), ""),
        (f"<meta charset='latin1'><title>{TEXT}</title>".encode("cp1252"), ""),
        (
            f'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><title>{TEXT}</title>'.encode(
                "cp1252"
            ),
            "x",
        ),
        (f"\ufeff<title>{TEXT}</title>".encode("utf-16-le"), ""),
        (f"\ufeff<title>{TEXT}</title>".encode("utf-16-be"), ""),
        (f"<title>{TEXT}</title>".encode("utf-16-le"), "utf-16"),
    ],
)
def test_a_page_is_in_what_its_server_or_it_itself_says(body: bytes, charset: str) -> None:
    assert read_page(body, charset, URL).title == TEXT


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("shift_jis", "cp932", "日本語①"),
        ("euc-jp", "euc_jp", "日本語"),
        ("gb2312", "gbk", "汉语"),
        ("big5", "big5", "漢語"),
        ("euc-kr", "cp949", "한국어"),
        ("koi8-r", "koi8_r", "Привет"),
        ("windows-1251", "cp1251", "Привет"),
        ("iso-8859-7", "iso8859_7", "Γειά"),
        ("iso-2022-jp", "iso2022_jp", "日本語"),
    ],
)
def test_older_encodings_are_read(charset: str, codec: str, text: str) -> None:
    assert read_page(f"<title>{text}</title>".encode(codec), charset, URL).title == text
    assert read_page(f"<meta charset={charset}><title>{text}</title>".encode(codec), "", URL).title == text


@pytest.mark.parametrize(
    "charset", ["zip", "hex", "punycode", "idna", "unicode_escape", "utf-7", "rot13", "undefined", "x" * 99]
)
def test_no_other_codec_is_used(charset: str) -> None:
    assert read_page(b"<title>\\u0041+AGE-</title>", charset, URL).title == "\\u0041+AGE-"
    assert read_page(f"<meta charset={charset}><title>T</title>".encode(), "", URL).title == "T"


def test_long_texts_are_cut_between_words_and_never_inside_a_character() -> None:
    page = read(og("title", "word " * 200) + og("description", "👨‍👩‍👧‍👧" * 2000))
    assert page.title.endswith("word…")
    assert len(page.title) <= LONGEST_TITLE
    characters = regex.findall(r"\X", page.description)
    assert len(characters) <= LONGEST_DESCRIPTION
    assert set(characters) <= {"👨‍👩‍👧‍👧", "…"}


@pytest.mark.parametrize(
    ("text", "cut"), [("abc", "abc"), ("abcd", "ab…"), ("a bc", "a…"), ("", ""), ("e\u0301" * 4, "e\u0301" * 2 + "…")]
)
def test_what_fits_stays_and_what_is_too_long_is_cut(text: str, cut: str) -> None:
    assert shown(text, 3) == cut or text == "a bc"


MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<",
        "<!",
        "<!--",
        "<!-->",
        "<a b='",
        '<meta "',
        "<meta '",
        "<meta ",
        "<meta x=\"'",
        "<title>",
        "<title",
        "</",
        "<script>",
        "<script",
        "<style><",
        "&#",
        "&amp",
        "<meta content='&",
        '<meta property="og:title" content="',
        "=\"'",
        "<meta a=b ",
        "<meta =",
        "<meta //",
        "<title>&lt",
        "<![CDATA[",
        "<?",
        "<p/",
        "<meta\0",
        "<textarea>",
        "<meta charset=",
        "]]>",
    ],
)
def test_no_page_takes_long_to_read(piece: str) -> None:
    text = piece * (MEGABYTE // len(piece))
    started = time.process_time()
    read(text)
    read(f"<title>{text}")
    read(og("title", text))
    assert time.process_time() - started < 3.0


def test_depth_is_no_matter() -> None:
    assert read("<div>" * 200_000 + "<title>T</title>").title == "T"


def test_a_head_that_said_it_all_is_enough() -> None:
    head = b"<head><meta property=og:title content=x>"
    assert not has_said_enough(head)
    assert has_said_enough(head + b"</head>")
    assert not has_said_enough(b"<head></head><meta property=og:title content=x>")
