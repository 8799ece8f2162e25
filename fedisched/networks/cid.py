"""Content identifiers: what a record or blob will be called, known before it is sent.

CIDv1, sha-256, base32; codec dag-cbor for records and raw for blobs (https://atproto.com/specs/data-model).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

_DAG_CBOR, _RAW = b"\x01\x71", b"\x01\x55"
_SHA_256 = b"\x12\x20"


def cid_of_record(record: Mapping[str, Any]) -> str:
    """The CID of a record as JSON has it, blob references as `{"$link": …}`."""
    import libipld

    return _cid(_DAG_CBOR, libipld.encode_dag_cbor(_with_links(record)))


def cid_of_blob(data: bytes) -> str:
    """The CID of a file's bytes."""
    return _cid(_RAW, data)


def _cid(codec: bytes, data: bytes) -> str:
    import libipld

    cid: str = libipld.encode_cid(codec + _SHA_256 + hashlib.sha256(data).digest())
    return cid


def _with_links(value: Any) -> Any:
    """JSON's `{"$link": cid}` as the CID's own bytes, which is how the encoder knows a link."""
    match value:
        case {"$link": str(text)} if len(value) == 1:
            return _bytes_of(text)
        case Mapping():
            return {name: _with_links(item) for name, item in value.items()}
        case Sequence() if not isinstance(value, str | bytes):
            return [_with_links(item) for item in value]
        case _:
            return value


def _bytes_of(cid: str) -> bytes:
    import libipld

    read = libipld.decode_cid(cid)
    digest = read["hash"]["digest"]
    return bytes((read["version"], read["codec"], read["hash"]["code"], len(digest))) + bytes(digest)
