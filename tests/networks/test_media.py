"""Pictures, videos and sounds, from a post's file to what the server gives back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from fedisched import compose
from fedisched.model.network import Identity, Prepared
from fedisched.model.outcome import Found, NotSent, Refused
from fedisched.model.post import Medium, Post, Status
from fedisched.model.problem import Mark
from fedisched.model.rendered import Limits, Rendered
from fedisched.model.settings import Settings
from tests.compose.media.films import PLACE as FILM_PLACE
from tests.compose.media.films import mp3, mp4
from tests.compose.media.photos import animation, noise, opened, photo, saved, says_nothing_of_the_place
from tests.networks.places import Place, no_media, prepared, publish, text_of_its_own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with an empty `posts/`."""
    (tmp_path / "posts").mkdir()
    return tmp_path


def composed(place: Place, folder: Path, *media: Medium, lang: str = "en") -> Rendered:
    """A post with these files, by the limits that the server tells."""
    identity = place.open().identify()
    assert isinstance(identity, Identity)
    return composed_within(place, folder, identity.limits, media, lang)


def composed_within(
    place: Place, folder: Path, limits: Limits, media: tuple[Medium, ...], lang: str = "en"
) -> Rendered:
    post = Post("posts/a.md", "", Status.DRAFT, None, ("here",), text_of_its_own(), 3, lang=lang, media=media)
    rendering = compose.render(post, "here", place.account, Settings(folder, folder / "fedisched.toml"), limits)
    assert rendering.problems == ()
    return rendering.rendered


def medium(file: str, alt: str = "what is there", **more: Any) -> Medium:
    return Medium(file, alt, Mark(1, 1), **more)


def published(place: Place, folder: Path, rendered: Rendered) -> tuple[dict[str, Any], list[bytes]]:
    """The post as the server has it, and its files."""
    read_media = partial(compose.read_media, folder)
    task = place.task(rendered)
    parts = publish(place.open(), task, read_media)
    assert place.open().find([task]) == [Found(parts)]
    return place.reader.whole(parts[0])


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "avif")])
def test_a_photo_goes_out_without_the_place_where_it_was_taken(
    media_place: Place, folder: Path, kind: str, ending: str
) -> None:
    data = photo(kind)
    (folder / "posts" / f"a.{ending}").write_bytes(data)
    assert not says_nothing_of_the_place(data)
    _, (shown,) = published(media_place, folder, composed(media_place, folder, medium(f"a.{ending}")))
    assert says_nothing_of_the_place(shown)
    assert opened(shown).size == (96, 64)


def test_a_photo_is_upright_and_its_shape_is_told(bluesky_place: Place, folder: Path) -> None:
    (folder / "posts/a.jpg").write_bytes(photo("JPEG", 6))
    record, (shown,) = published(bluesky_place, folder, composed(bluesky_place, folder, medium("a.jpg")))
    assert opened(shown).size == (64, 96)
    assert record["embed"]["images"][0]["aspectRatio"] == {"width": 64, "height": 96}
    assert record["embed"]["images"][0]["alt"] == "what is there"


def test_a_picture_too_large_for_bluesky_is_made_to_fit(bluesky_place: Place, folder: Path) -> None:
    (folder / "posts/a.png").write_bytes(saved(noise(1200, 900), "PNG"))
    _, (shown,) = published(bluesky_place, folder, composed(bluesky_place, folder, medium("a.png")))
    assert len(shown) <= 2_000_000
    assert opened(shown).format == "JPEG"


def test_more_than_four_pictures_are_a_gallery(bluesky_place: Place, folder: Path) -> None:
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        (folder / "posts" / name).write_bytes(saved(noise(8 + number, 8), "PNG"))
    record, files = published(bluesky_place, folder, composed(bluesky_place, folder, *map(medium, names)))
    assert record["embed"]["$type"] == "app.bsky.embed.gallery"
    assert [item["aspectRatio"]["width"] for item in record["embed"]["items"]] == [8, 9, 10, 11, 12, 13]
    assert [opened(data).width for data in files] == [8, 9, 10, 11, 12, 13]


def test_a_video_and_its_captions_go_to_bluesky(bluesky_place: Place, folder: Path) -> None:
    (folder / "posts/clip.mp4").write_bytes(mp4(turned=True))
    (folder / "posts/clip.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")
    (folder / "posts/clip.de.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHallo\n")
    record, files = published(bluesky_place, folder, composed(bluesky_place, folder, medium("clip.mp4")))
    embed = record["embed"]
    assert embed["$type"] == "app.bsky.embed.video"
    assert embed["aspectRatio"] == {"width": 360, "height": 640}
    assert [captions["lang"] for captions in embed["captions"]] == ["de", "en"]
    assert FILM_PLACE not in files[0]
    assert [b"Hallo" in files[1], b"Hello" in files[2]] == [True, True]


def test_a_gif_keeps_moving_on_mastodon(sandbox_mastodon: Place, folder: Path) -> None:
    (folder / "posts/a.gif").write_bytes(animation(comment=b"GPS"))
    status, (shown,) = published(
        sandbox_mastodon, folder, composed(sandbox_mastodon, folder, medium("a.gif", focus="0.5,-0.25"))
    )
    assert getattr(opened(shown), "n_frames", 1) == 3
    assert b"GPS" not in shown
    assert status["media_attachments"][0]["meta"]["focus"] == {"x": 0.5, "y": -0.25}


@pytest.mark.parametrize(("name", "data"), [("a.mp4", mp4()), ("a.mp3", mp3()), ("a.mov", mp4(brand=b"qt  "))])
def test_videos_and_sounds_are_worked_over_first_on_mastodon(
    sandbox_mastodon: Place, folder: Path, name: str, data: bytes
) -> None:
    (folder / "posts" / name).write_bytes(data)
    status, (shown,) = published(sandbox_mastodon, folder, composed(sandbox_mastodon, folder, medium(name)))
    assert status["media_attachments"][0]["type"] == ("audio" if name == "a.mp3" else "video")
    assert FILM_PLACE in data
    assert FILM_PLACE not in shown
    assert len(sandbox_mastodon.faults.requests("GET", f"/api/v1/media/{status['media_attachments'][0]['id']}")) == 2


# Bluesky's service for videos


@pytest.fixture
def with_service(sandbox_bluesky: Place, folder: Path) -> Place:
    (folder / "posts/clip.mp4").write_bytes(mp4())
    return replace(
        sandbox_bluesky, account=replace(sandbox_bluesky.account, video=sandbox_bluesky.account.server), opened=[]
    )


def test_a_video_is_worked_over_by_the_service(with_service: Place, folder: Path) -> None:
    record, (shown,) = published(with_service, folder, composed(with_service, folder, medium("clip.mp4")))
    assert record["embed"]["video"]["mimeType"] == "video/mp4"
    assert FILM_PLACE not in shown
    assert len(with_service.faults.requests("POST", "/xrpc/app.bsky.video.uploadVideo")) == 1
    assert len(with_service.faults.requests("POST", "/xrpc/com.atproto.repo.uploadBlob")) == 0


def test_a_video_that_the_service_has_already_is_not_a_problem(with_service: Place, folder: Path) -> None:
    rendered = composed(with_service, folder, medium("clip.mp4"))
    for _ in range(2):
        again = composed(with_service, folder, medium("clip.mp4"))
        publish(with_service.open(), with_service.task(again), partial(compose.read_media, folder))
    assert rendered.parts[0].media == again.parts[0].media
    assert len(with_service.faults.requests("POST", "/xrpc/app.bsky.video.uploadVideo")) == 2


def test_a_video_that_takes_long_is_waited_for_and_not_sent_again(
    with_service: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedisched.networks.bluesky_video._LOOKS", (0.0, 0.0))
    with_service.faults.rules.video_looks = 3
    network = with_service.open()
    task = with_service.task(composed(with_service, folder, medium("clip.mp4")))
    said = network.prepare(task, partial(compose.read_media, folder))
    assert isinstance(said, NotSent)
    assert "still working on posts/clip.mp4" in said.reason
    assert said.retry_after
    assert isinstance(network.prepare(task, partial(compose.read_media, folder)), Prepared)
    assert len(with_service.faults.requests("POST", "/xrpc/app.bsky.video.uploadVideo")) == 1


def test_a_video_that_the_service_cannot_read_is_refused_in_its_words(with_service: Place, folder: Path) -> None:
    task = with_service.task(composed(with_service, folder, medium("clip.mp4")))
    said = with_service.open().prepare(task, lambda attachment: b"no video at all")
    assert isinstance(said, Refused)
    assert "could not work on posts/clip.mp4: Not a video" in said.reason
    assert not said.account


def test_uploads_that_are_known_need_no_service(with_service: Place, folder: Path) -> None:
    task = with_service.task(composed(with_service, folder, medium("clip.mp4")))
    uploads = prepared(with_service.open(), task, partial(compose.read_media, folder)).uploads
    with_service.faults.rules.video_looks = 99
    assert prepared(with_service.open(), replace(task, uploads=uploads), no_media).uploads == uploads


def test_a_token_for_the_service_opens_nothing_else(with_service: Place, folder: Path) -> None:
    publish(
        with_service.open(),
        with_service.task(composed(with_service, folder, medium("clip.mp4"))),
        partial(compose.read_media, folder),
    )
    (seen,) = with_service.faults.requests("GET", "/xrpc/com.atproto.server.getServiceAuth")
    assert seen.status == 200
    url = f"{with_service.account.server}/xrpc/app.bsky.video.uploadVideo"
    said = httpx.post(url, params={"did": "did:plc:x"}, headers={"Authorization": "Bearer x"}, content=b"x")
    assert said.status_code == 401
