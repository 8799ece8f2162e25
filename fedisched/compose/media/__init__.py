"""The files that a post attaches: pictures, videos, sounds.

    opened      a file, found inside the content folder and opened so that nothing blocks
    kinds       what it is, by its first bytes;  look: what is known of it without decoding
    jpeg, png, webp, gif, film, matroska, sound    one format each: looked through, and without its metadata
    boxes       what films, AVIF and HEIC consist of
    shown       what a network shows, and how a picture has to change for it
    attach      a post's file as an attachment, or as a problem;  captions, together: what belongs and fits to it
    made        its bytes as they are sent;  paint (Pillow), transcode (ffmpeg): made anew, only where it must be

Pillow is imported only where a picture is drawn anew, or is of a format that only a decoder can measure.
"""

from fedisched.compose.media.attach import Attacher
from fedisched.compose.media.made import read_media
from fedisched.compose.media.shown import Shows
from fedisched.compose.media.together import attached, media_of

__all__ = ["Attacher", "Shows", "attached", "media_of", "read_media"]
