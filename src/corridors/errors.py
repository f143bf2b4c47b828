"""Everything that can go wrong, each error also the builtin that it resembles."""

from __future__ import annotations

__all__ = [
    "CorridorsError",
    "DataIntegrityError",
    "NoRouteError",
    "SchemaError",
    "SnapError",
    "UnknownPlaceError",
]


class CorridorsError(Exception):
    """Base of all errors of this library; its text is one clear line for a person."""


class UnknownPlaceError(CorridorsError, LookupError):
    """A name, id or code that no place in the data carries, or that several carry.

    Parameters
    ----------
    message : str
        What was asked and what is wrong with it.
    near : tuple of str
        Near matches, best first; empty where there are none.
    """

    def __init__(self, message: str, near: tuple[str, ...] = ()) -> None:
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(message + hint)
        self.near = near


class SnapError(CorridorsError, ValueError):
    """A point too far from any network of the asked modes to be joined to it."""


class NoRouteError(CorridorsError, LookupError):
    """There is no path; the text names where the network is cut."""


class SchemaError(CorridorsError, ValueError):
    """A table, file or option that breaks its contract.

    Parameters
    ----------
    message : str
        The first line that a person reads.
    findings : tuple of str
        Every fault, with row and column where it has one.
    """

    def __init__(self, message: str, findings: tuple[str, ...] = ()) -> None:
        super().__init__(message if not findings else message + "\n  " + "\n  ".join(findings))
        self.findings = findings


class DataIntegrityError(CorridorsError, OSError):
    """Shipped or saved data that is missing, changed or of another version."""
