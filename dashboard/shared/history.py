"""Undo and redo as a value."""

from dataclasses import dataclass, replace
from typing import Final, Generic, Self, TypeVar

Value = TypeVar("Value")

LONGEST: Final = 200


@dataclass(frozen=True)
class History(Generic[Value]):
    """A present value with what came before it and what was undone.

    >>> history = History(1).to(2).to(3).undone()
    >>> history.present, history.redone().present, history.to(9).redone().present
    (2, 3, 9)
    """

    present: Value
    past: tuple[Value, ...] = ()
    future: tuple[Value, ...] = ()

    def to(self, value: Value) -> Self:
        """Return the history with ``value`` as present; what was undone is forgotten."""
        if value == self.present:
            return self
        return replace(self, present=value, past=(*self.past, self.present)[-LONGEST:], future=())

    def undone(self) -> Self:
        """Return the history one step back, or itself at the beginning."""
        if not self.past:
            return self
        *past, present = self.past
        return replace(self, present=present, past=tuple(past), future=(self.present, *self.future))

    def redone(self) -> Self:
        """Return the history one step forward again, or itself at the end."""
        if not self.future:
            return self
        present, *future = self.future
        return replace(self, present=present, past=(*self.past, self.present), future=tuple(future))
