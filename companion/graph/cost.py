"""What a question may cost, found out before anything is done for it.

Each field costs 1; below a list, as often as the list may be long. Measured: an object of eight fields costs 44 us of
CPU, so the dearest question that is allowed takes about a quarter of a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
)

from companion.errors import Problem

MOST_CHARACTERS = 20_000
MOST_TOKENS = 2_000
MOST_DEPTH = 8
MOST_ALIASES = 20
MOST_COST = 5_000
PAGE = 50  # rows in a page when the question does not say
LISTS = {"items": 1, "sessions": 10, "boxes": 20, "members": 10, "credits": 10, "recordings": 10, "markers": 20}
_INSIDE = {"contents": 20}


class TooDear(Problem):
    """A GraphQL question that is too deep, too wide, or asks for too much at once."""

    status, slug = 400, "too-dear"


class BadQuestion(Problem):
    """What was asked is no GraphQL that this schema understands; `errors` says where."""

    status, slug = 400, "bad-question"


@dataclass(slots=True)
class _Walk:
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]
    aliases: int = 0
    depth: int = 0
    walked: int = 0  # selections, each as often as it is reached: fragments that hold others twice double them
    open: list[str] = field(default_factory=list)  # fragments that are being walked through

    def cost(self, selections: SelectionSetNode | None, depth: int) -> int:
        """Of all that is selected, once."""
        if selections is None:
            return 0
        self.depth = max(self.depth, depth)
        if self.depth > MOST_DEPTH:
            raise TooDear(f"a question goes {MOST_DEPTH} levels deep at most")
        total = sum(self._field(node, depth) for node in self._fields(selections))
        if total > MOST_COST:
            raise TooDear(f"that asks for more than {MOST_COST} values at once; ask for fewer rows or fields")
        return total

    def _fields(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        """The fields of a selection, those of its fragments among them."""
        for node in selections.selections:
            self.walked += 1
            if self.walked > MOST_COST:
                raise TooDear(f"that asks for more than {MOST_COST} values at once; ask for fewer rows or fields")
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in self.open:
                    raise BadQuestion(f"the fragment {name} contains itself")
                if name in self.fragments:
                    self.open.append(name)
                    yield from self._fields(self.fragments[name].selection_set)
                    self.open.pop()
            elif isinstance(node, InlineFragmentNode):
                yield from self._fields(node.selection_set)

    def _field(self, node: FieldNode, depth: int) -> int:
        if node.alias is not None:
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                raise TooDear(f"a question has {MOST_ALIASES} aliases at most")
        if node.name.value.startswith("__"):  # introspection: graphql-core holds its depth
            return 1
        return 1 + self._times(node) * self.cost(node.selection_set, depth + 1)

    def _times(self, node: FieldNode) -> int:
        """How many objects a field may answer with."""
        name = node.name.value
        if name in LISTS:
            return LISTS[name]
        if name in _INSIDE:
            return _INSIDE[name]
        for argument in node.arguments or ():
            if argument.name.value == "limit":
                value = argument.value
                given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
                if isinstance(value, IntValueNode):
                    given = int(value.value)
                return max(1, min(given, 200)) if isinstance(given, int) else PAGE
        return PAGE if _is_page(node) else 1


def _is_page(node: FieldNode) -> bool:
    """Whether a field is a page: it has rows in it."""
    inside = node.selection_set.selections if node.selection_set else ()
    return any(isinstance(part, FieldNode) and part.name.value == "items" for part in inside)


def check(question: str, variables: dict[str, Any], operation: str | None) -> None:
    """TooDear or BadQuestion when a question is not to be answered."""
    if len(question) > MOST_CHARACTERS:
        raise TooDear(f"a question has {MOST_CHARACTERS:,} characters at most")
    try:
        document = parse(question, max_tokens=MOST_TOKENS)
    except GraphQLError as exc:
        kind = TooDear if " tokens" in exc.message else BadQuestion
        raise kind(exc.message, errors=[exc.formatted]) from exc
    except RecursionError as exc:
        raise TooDear(f"a question goes {MOST_DEPTH} levels deep at most") from exc
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if operation is None or (node.name and node.name.value == operation)]
    if len(chosen) != 1:
        raise BadQuestion("ask one operation, or say by operationName which of them is meant")
    usual = {
        each.variable.name.value: int(each.default_value.value)
        for each in chosen[0].variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
    _Walk(fragments, usual | variables).cost(chosen[0].selection_set, 1)
