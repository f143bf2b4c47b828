"""The same question before and after a closure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corridors.errors import NoRouteError, SchemaError, SnapError

if TYPE_CHECKING:
    import pandas as pd

    from corridors.routing.network import Network
    from corridors.routing.route import Route

VALUES = ("length_km", "hours", "cost_usd", "co2e_kg")


@dataclass(frozen=True, eq=False)
class Comparison:
    """A route before and after something is closed.

    Attributes
    ----------
    before : Route
    after : Route or None
        None where nothing is left; ``reason`` then says where the network is cut.
    closed : tuple of str
        What was closed.
    """

    before: Route
    after: Route | None
    closed: tuple[str, ...]
    reason: str = ""

    def difference(self, value: str) -> float | None:
        """Return after less before of ``length_km, hours, cost_usd`` or ``co2e_kg``."""
        if value not in VALUES:
            raise SchemaError(f"value {value!r} is unknown; choose one of {', '.join(VALUES)}")
        if self.after is None:
            return None
        return round(_value(self.after, value) - _value(self.before, value), 3)

    def to_frame(self) -> pd.DataFrame:
        """Return rows before, after, difference and difference_pct; columns the four values."""
        import pandas as pd

        before = [_value(self.before, v) for v in VALUES]
        rows: dict[str, list[float | None]] = {"before": [*before]}
        after = (
            [None] * len(VALUES) if self.after is None else [_value(self.after, v) for v in VALUES]
        )
        rows["after"] = [*after]
        rows["difference"] = [self.difference(v) for v in VALUES]
        rows["difference_pct"] = [
            None if d is None or not b else round(100.0 * d / b, 2)
            for d, b in zip(rows["difference"], before, strict=True)
        ]
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(VALUES), dtype=float)

    def __repr__(self) -> str:
        what = ", ".join(self.closed)
        if self.after is None:
            return f"<Comparison without {what}: {self.reason}>"
        hours, km = self.difference("hours"), self.difference("length_km")
        return f"<Comparison without {what}: {hours:+,.0f} h, {km:+,.0f} km>"


def _value(route: Route, name: str) -> float:
    found = getattr(route, name)
    return float(found) if name == "length_km" else float(found.expected)


def compare(
    net: Network, origin: Any, destination: Any, closed: tuple[Any, ...], terms: dict[str, Any]
) -> Comparison:
    """Return a comparison; see :meth:`corridors.Network.compare`."""
    if not closed:
        raise SchemaError("nothing to close: give a place, crossing, country, strait or mode")
    shut = net.closed(*closed)
    before = net.route(origin, destination, **terms)
    names = tuple(getattr(x, "geom_type", None) or str(x) for x in closed)
    try:
        return Comparison(before, shut.route(origin, destination, **terms), names)
    except (NoRouteError, SnapError) as error:
        return Comparison(before, None, names, str(error))
