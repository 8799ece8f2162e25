from __future__ import annotations

from collections.abc import Iterator

import pytest

from fedisched.sandbox import Sandbox
from fedisched.sandbox.tokens import Mint
from tests.leaks.planted import accounts_on


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        accounts_on(sandbox)
        yield sandbox


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every session token that the sandbox makes."""
    made: list[str] = []
    sign = Mint._signed

    def signed(mint: Mint, kind: str, claims: dict[str, object]) -> str:
        made.append(sign(mint, kind, claims))
        return made[-1]

    monkeypatch.setattr(Mint, "_signed", signed)
    return made
