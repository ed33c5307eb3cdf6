"""Children of many parents, fetched at once when the first is asked for."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Child = TypeVar("Child")


class Siblings(Generic[Child]):
    """The parents of one page. `of(parent)` asks for the children of all of them, once."""

    def __init__(self, parents: Iterable[str], fetch: Callable[[list[str]], dict[str, list[Child]]]):
        self._parents, self._fetch = list(parents), fetch
        self._found: dict[str, list[Child]] | None = None

    def of(self, parent: str) -> list[Child]:
        """The children of one of them."""
        if self._found is None:
            self._found = self._fetch(self._parents)
        return self._found.get(parent, [])
