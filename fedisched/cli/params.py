"""Kinds of parameter that several verbs take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

# click's kinds of parameter are generic to type checkers only, until click 8.2.
if TYPE_CHECKING:
    _Seconds = click.ParamType[float]
else:
    _Seconds = click.ParamType


class Duration(_Seconds):
    """A duration such as `90s`, `10m` or `1h30m`; gives seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds; a usage error for what is no duration."""
        from fedisched.config import seconds

        if isinstance(value, float):
            return value
        found = seconds(str(value))
        if found is None:
            self.fail(f"`{value}` is no duration. Write it like `90s`, `10m` or `1h30m`.", param, ctx)
        return found


DURATION = Duration()
