"""`python -m device.contracts.schema [folder]`: JSON Schema of every message, for those who write another client."""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

from device.contracts import kinds, shapes
from device.contracts.envelope import VERSION, Head

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parents[2] / "docs" / "contracts" / "schema"


def describe(shape: shapes.Shape) -> dict[str, Any]:
    """JSON Schema of a shape."""
    match shape:
        case shapes.Text(_, least, pattern):
            limits = {"minLength": least} if least else {}
            form = {"pattern": f"^(?:{pattern})$"} if pattern else {}
            return {"type": "string", **limits, "maxLength": shape.most, **form, **_said(shape.says)}
        case shapes.Bytes():
            return {"type": "string", "contentEncoding": "base64", **_said(f"of at most {shape.most} bytes")}
        case shapes.Whole():
            return {"type": "integer", "minimum": shape.least, "maximum": shape.most, **_said(shape.says)}
        case shapes.Real():
            return {"type": "number", "minimum": shape.least, "maximum": shape.most, **_said(shape.says)}
        case shapes.Flag():
            return {"type": "boolean"}
        case shapes.Choice(words):
            return {"enum": list(words)}
        case shapes.Scalar():
            return {"type": ["string", "number", "boolean", "null"], "maxLength": shape.most}
        case shapes.Maybe(of):
            return {"anyOf": [describe(of), {"type": "null"}]}
        case shapes.Many(of):
            return {"type": "array", "maxItems": shape.most, "items": describe(of)}
        case shapes.Table(names, of):
            each = {"propertyNames": describe(names), "additionalProperties": describe(of)}
            return {"type": "object", "maxProperties": shape.most, **each}
        case shapes.Row(_, of_each):
            inner = {"prefixItems": [describe(one) for one in of_each], "items": False}
            return {"type": "array", "minItems": len(of_each), **inner}
        case shapes.Record(made, parts):
            return {
                "type": "object",
                "description": inspect.cleandoc(made.__doc__ or ""),
                "properties": {part.name: describe(part.of) | _default(part) for part in parts},
                "required": [part.name for part in parts if part.default is None],
            }


def _said(says: str) -> dict[str, Any]:
    return {"description": says} if says else {}


def _default(part: shapes.Part) -> dict[str, Any]:
    return {} if part.default is None else {"default": part.default()}


def files() -> dict[str, str]:
    """All that is committed, file name to text."""
    head = describe(shapes.shape_of(Head))
    about = {"v": {"const": VERSION}}, {"body": {"description": "as its kind and kv say"}}
    envelope = head | {
        "properties": about[0] | head["properties"] | about[1],
        "required": ["v", *head["required"], "body"],
    }
    found = {"envelope": envelope}
    found |= {f"{kind.name}.{kind.version}": describe(shapes.shape_of(kind.body)) for kind in kinds.ALL}
    found |= {name: describe(shapes.shape_of(body)) for name, body in kinds.LETTERS.items()}
    written = {
        f"{name}.json": json.dumps({"$schema": DRAFT, "title": name} | schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in found.items()
    }
    return written | {"kinds.md": _list()}


def _list() -> str:
    """The kinds as a table, each with the first sentence of its meaning."""
    rows = ["# All kinds of messages", "", "| kind | version | where | meaning |", "| --- | --- | --- | --- |"]
    for kind in kinds.KINDS:
        rows.append(f"| `{kind.name}` | {kind.version} | {_where(kind)} | {_meaning(kind.body)} |")
    everywhere = next(kind for kind in kinds.ALL if kind.name == kinds.SKIPPED)
    rows.append(f"| `{kinds.SKIPPED}` | {everywhere.version} | every numbered stream | {_meaning(everywhere.body)} |")
    rows += [f"| `{name}` | | HTTPS | {_meaning(body)} |" for name, body in kinds.LETTERS.items()]
    return "\n".join(rows) + "\n"


def _where(kind: kinds.Kind) -> str:
    return ", ".join(f"{way} `{kind.stream}`" for way in kind.ways)


def _meaning(body: type[Any]) -> str:
    return inspect.cleandoc(body.__doc__ or "").split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")


def main(folder: Path) -> None:
    """Write all files, and remove those of kinds that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
