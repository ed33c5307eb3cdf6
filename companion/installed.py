"""What a module is given before its first use, such as the settings or a storage: one of each in a process."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Installed(Generic[Value]):
    """Holds it from `put` on; called, it gives it back. RuntimeError while there is none."""

    def __init__(self, *first: Value):
        self._held = first

    def put(self, value: Value) -> None:
        """Hold this from now on."""
        self._held = (value,)

    def __call__(self) -> Value:
        if not self._held:
            raise RuntimeError("install comes first")
        return self._held[0]
