"""The published schema: what is committed is what the code says, and it agrees with the code."""

import ast
import dataclasses
import json
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.contracts import codec, commands, documents, envelope, kinds, schema, shapes
from device.contracts.errors import ContractError
from tests.contract_messages import EXAMPLES, NOW, an_id, wrapped

FILES = schema.files()
BYTES = (documents.Update, documents.State)


def test_the_committed_schema_is_what_the_code_says():
    committed = {path.name: path.read_text(encoding="utf-8") for path in schema.FOLDER.iterdir()}
    assert committed == FILES, "write it with `python -m device.contracts.schema`"


def test_writing_removes_what_is_no_kind_any_more(tmp_path):
    (tmp_path / "track.loved.1.json").write_text("{}")
    schema.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_every_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(json.loads(FILES[name]))


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(FILES[f"{name}.json"]))


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: f"{kind.stream}.{kind.name}")
def test_a_message_of_each_kind_is_valid_by_its_schema_and_a_wounded_one_is_not(kind):
    body = next(one for one in EXAMPLES if type(one) is kind.body)
    payload = json.loads(envelope.encode(kind.ways[0], wrapped(kind, body)))
    validator("envelope").validate(payload)
    inner = validator(f"{kind.name}.{kind.version}")
    inner.validate(payload["body"])
    for name in payload["body"]:
        assert not inner.is_valid(payload["body"] | {name: {"": [[]]}}), name


@pytest.mark.parametrize("name", kinds.LETTERS)
def test_a_letter_is_valid_by_its_schema(name):
    validator(name).validate(codec.plain(next(one for one in EXAMPLES if type(one) is kinds.LETTERS[name])))


@settings(deadline=None)
@given(st.sampled_from(kinds.ALL), st.data())
def test_the_schema_and_the_code_agree_on_a_value_that_was_exchanged(kind, data):
    body = codec.plain(next(one for one in EXAMPLES if type(one) is kind.body))
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats(-1e20, 1e20).filter(lambda x: x % 1) | st.text(max_size=9)
    )
    if isinstance(body[name], str) and (codec.UNFIT.search(body[name]) or kind.body in BYTES):
        return  # what a schema cannot say: control characters, what is base 64
    try:
        codec.both(kind.body)[0](body)
        read = True
    except ContractError:
        read = False
    assert validator(f"{kind.name}.{kind.version}").is_valid(body) == read


def test_the_example_that_a_reader_sees_first_is_a_message():
    text = (schema.FOLDER.parent / "README.md").read_text(encoding="utf-8")
    payload = text.split("```json\n")[1].split("```")[0]
    assert envelope.decode("up", "plays", payload.encode()).body.track.title == "Nachtfahrt"


def test_every_kind_says_what_it_means():
    for name, text in FILES.items():
        if name.endswith(".json"):
            assert json.loads(text)["description"], name


def test_what_no_message_can_hold_is_refused_when_the_program_starts():
    @dataclasses.dataclass
    class Free:
        text: str

    @dataclasses.dataclass
    class Nothing:
        flag: bool | None

    for made in (Free, Nothing):
        with pytest.raises(TypeError):
            shapes.shape_of(made)


@pytest.mark.parametrize(
    ("boot", "uptime", "now", "clock_set", "late"),
    [
        (1, 59.0, NOW + 10**9, False, False),  # the boot that was meant: the clocks do not matter
        (1, 61.0, NOW, True, True),
        (2, 1.0, NOW, True, False),  # started since: the time of day
        (2, 1.0, NOW + 60_001, True, True),
        (2, 1.0, NOW, False, True),  # started since, and no time of day
    ],
)
def test_a_command_is_never_done_late_and_in_time_with_any_clock(boot, uptime, now, clock_set, late):
    command = commands.Given(an_id(0), "deck1.play", "play", "Mara", NOW + 60_000, an_id(1), 60.0)
    assert commands.expired(command, now, clock_set, an_id(boot), uptime) is late


def test_the_contract_needs_nothing_but_the_standard_library():
    for path in Path(schema.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names
                assert known or name.startswith("device.contracts"), (path, name)
