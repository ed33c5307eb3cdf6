"""Golden messages: `python -m tests.golden_messages` writes those that are missing, and never changes one.

A file holds a payload as some version sent it, and what it meant. Both are kept for ever.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.contracts import codec, envelope, kinds, shapes
from tests.contract_messages import EXAMPLES, meaning, wrapped

FOLDER = Path(__file__).parent / "contracts" / "v1"


def least(shape: shapes.Shape, plain: Any) -> Any:
    """A payload without all that may be missing, as a sender that knows no better would send it."""
    match shape:
        case shapes.Record(_, parts):
            return {part.name: least(part.of, plain[part.name]) for part in parts if part.default is None}
        case shapes.Many(of):
            return [least(of, one) for one in plain]
        case _:
            return plain


def missing() -> Iterator[tuple[str, dict[str, Any]]]:
    """File names and content of what is to be added."""
    bodies = {type(body): body for body in EXAMPLES}
    for kind in kinds.ALL:
        message, way = wrapped(kind, bodies[kind.body]), kind.ways[0]
        payload = json.loads(envelope.encode(way, message))
        bare = payload | {"body": least(shapes.shape_of(kind.body), payload["body"])}
        for name, found in {"full": payload, "least": bare}.items():
            again = envelope.decode(way, kind.stream, json.dumps(found).encode())
            content = {"way": way, "stream": kind.stream, "payload": found, "means": meaning(again)}
            yield f"{kind.stream}.{kind.name}.{kind.version}.{name}.json", content
    for name, made in kinds.LETTERS.items():
        payload = codec.plain(bodies[made])
        yield f"https.{name}.json", {"letter": name, "payload": payload, "means": meaning(bodies[made])}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in missing():
        path = FOLDER / name
        if not path.exists():
            path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
