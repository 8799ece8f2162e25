"""Content ids: the hash by which the AT Protocol names a record or a blob (https://atproto.com/specs/data-model)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

_DAG_CBOR, _RAW = b"\x01\x71\x12\x20", b"\x01\x55\x12\x20"


def cid_of_blob(data: bytes) -> str:
    """The id of a file's bytes."""
    import libipld

    cid: str = libipld.encode_cid(_RAW + hashlib.sha256(data).digest())
    return cid


def cid_of_record(record: Any) -> str:
    """The id of a record given as JSON. Raises ValueError for what the data model does not have: floats, links that
    are no CID."""
    import libipld

    data = libipld.encode_dag_cbor(_plain(record))
    cid: str = libipld.encode_cid(_DAG_CBOR + hashlib.sha256(data).digest())
    return cid


def _plain(value: Any) -> Any:
    """JSON with `{"$link"}` and `{"$bytes"}` turned into what they stand for; libipld takes a CID as its bytes."""
    match value:
        case float():
            raise ValueError("the data model has no floats")
        case {"$link": str(link), **rest} if not rest:
            return _link(link)
        case {"$bytes": str(text), **rest} if not rest:
            return base64.b64decode(text + "=" * (-len(text) % 4))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _link(link: str) -> bytes:
    text = link.removeprefix("b").upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    if len(data) != 36 or data[:4] not in (_DAG_CBOR, _RAW):
        raise ValueError(f"not a CID: {link}")
    return data
