"""The audio thread's machine code: what every rt_ function calls, read from the built modules."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import dsp_cython
from dsp_cython import engine as built

FOLDER = Path(dsp_cython.__file__).parent
LIBM = {
    "cos", "sin", "sincos", "tan", "exp", "exp2", "pow", "log", "log2", "log10", "sqrt", "floor", "ceil", "rint",
    "lrint", "fabs", "fmin", "fmax", "fmod",
}  # fmt: skip
# Grows only by review: pure arithmetic, memory that is already there, and the two JACK calls made for the callback.
ALLOWED = LIBM | {"memset", "memcpy", "memmove", "jack_port_get_buffer", "jack_get_time"}
REALTIME = re.compile(r"__pyx_f_\w*?_(rt_\w+)")
LISTED = re.compile(r"^\s*([0-9a-f]+):\s+(?:(?:notrack|bnd|lock|rep|repz|data16)\s+)*(\S+)\s*(.*)$")
TARGET = re.compile(r"(?:^|\s|,)([0-9a-f]+) <([^>+]+)(\+0x[0-9a-f]+)?>$")
COMMENT = re.compile(r"(?:#|//) ([0-9a-f]+) <([^>]+)>")
JUMPS = ("j", "b", "cb", "tb")
NEVER_FALLS_THROUGH = {"jmp", "jmpq", "ret", "retq", "ud2", "hlt", "b", "br"}
ENTERS_KERNEL = {"syscall", "sysenter", "int", "svc"}


Instruction = tuple[int, str, str]  # address, mnemonic, operands


@dataclass
class Listing:
    """One module's disassembly: instructions by function, and symbols by address."""

    code: dict[str, list[Instruction]] = field(default_factory=dict)
    symbols: dict[int, str] = field(default_factory=dict)

    def realtime(self) -> list[str]:
        return [name for name in self.code if REALTIME.match(name)]


def plain(symbol: str) -> str:
    """A symbol without its version, `@plt`, `@Base` and the like."""
    return symbol.split("@", maxsplit=1)[0].split("+", maxsplit=1)[0]


def short(symbol: str) -> str:
    """`rt_cut` of `__pyx_f_10dsp_cython_3cut_rt_cut.part.0`; other symbols as they are."""
    bare = re.sub(r"\.(part|constprop|isra|cold|lto_priv)\b.*", "", symbol)
    found = re.fullmatch(r"__pyx_f_(?:\d+\w+?)*?(?:_|\d)(rt_\w+)", bare)
    return found[1] if found else bare


def parse(disassembly: str, symbols: str = "") -> Listing:
    """Read what `objdump -d --no-show-raw-insn` and `nm` print."""
    listing = Listing()
    for line in symbols.splitlines():
        parts = line.split()
        if len(parts) == 3:
            listing.symbols[int(parts[0], 16)] = parts[2]
    body: list[Instruction] = []
    for line in disassembly.splitlines():
        if head := re.match(r"^[0-9a-f]+ <([^>]+)>:$", line):
            body = listing.code.setdefault(head[1], [])
        elif found := LISTED.match(line):
            body.append((int(found[1], 16), found[2], found[3].strip()))
    return listing


def disassemble(module: Path) -> Listing:
    def output(*command: str) -> str:
        return subprocess.run([*command, str(module)], check=True, capture_output=True, text=True).stdout

    return parse(output("objdump", "-d", "--no-show-raw-insn"), output("nm"))


def predecessors(body: list[Instruction]) -> dict[int, list[int]]:
    """For each instruction's index those of the instructions that may run just before it."""
    index = {address: at for at, (address, _, _) in enumerate(body)}
    before: dict[int, list[int]] = {at: [] for at in range(len(body))}
    for at, (_, mnemonic, operands) in enumerate(body):
        target = TARGET.search(operands)
        if target and mnemonic.startswith(JUMPS) and int(target[1], 16) in index:
            before[index[int(target[1], 16)]].append(at)
        if mnemonic not in NEVER_FALLS_THROUGH and at + 1 < len(body):
            before[at + 1].append(at)
    return before


def definition(listing: Listing, body: list[Instruction], at: int, register: str) -> str | None:
    """What instruction `at` puts into `register`: a variable's name, "switch", "?" if unknown; None if nothing."""
    _, mnemonic, operands = body[at]
    text = COMMENT.sub("", operands).strip()
    if register.startswith("x"):  # aarch64: adrp x0, 8000 <...>; ldr x3, [x0, #1056]
        if not re.match(rf"{register},", text) or mnemonic in ("str", "stp", "cmp", "cbz", "cbnz", "tbz", "tbnz"):
            return None
        load = re.fullmatch(r"x\d+, \[(x\d+)(?:, #(\d+))?\]", text)
        if mnemonic != "ldr" or not load:
            return "switch" if mnemonic == "add" else "?"
        for _, earlier, page in reversed(body[:at]):
            if page.startswith(load[1] + ","):
                found = re.match(r"x\d+, ([0-9a-f]+)", page) if earlier == "adrp" else None
                return listing.symbols.get(int(found[1], 16) + int(load[2] or 0), "?") if found else "?"
        return "?"
    narrow = "%e" + register[2:] if register[2:].isalpha() else register + "d"
    if not text.endswith((f",{register}", f",{narrow}")) or mnemonic.startswith(("cmp", "test", "ucomi", "comi", "bt")):
        return None
    if mnemonic == "add":
        return "switch"
    source = COMMENT.search(operands)
    return plain(source[2]) if mnemonic.startswith("mov") and "(%rip)" in text and source else "?"


def loaded_pointers(listing: Listing, body: list[Instruction], at: int, register: str) -> set[str]:
    """All that an indirect call at index `at` may find in `register`, over every path that leads there."""
    before, found, seen = predecessors(body), set(), {at}
    waiting = list(before[at])
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        content = definition(listing, body, here, register)
        if content:
            found.add(content)
        else:
            waiting += before[here]
    return found or {"?"}


def callees(listing: Listing, function: str) -> Iterator[str]:
    """Everything that a function calls or jumps to outside itself, imported pointers by their variable's name."""
    body = listing.code[function]
    for at, (_, mnemonic, operands) in enumerate(body):
        if mnemonic in ENTERS_KERNEL:
            yield mnemonic
        indirect = mnemonic in ("call", "callq", "jmp", "jmpq") and operands.startswith("*")
        variable = COMMENT.search(operands)
        if indirect or mnemonic in ("blr", "br"):
            register = operands.lstrip("*").split()[0]
            if indirect and "(%rip)" in operands and variable:
                yield plain(variable[2])
            elif re.fullmatch(r"%r\w+|x\d+", register):
                pointers = loaded_pointers(listing, body, at, register)
                if pointers != {"switch"} or mnemonic not in ("jmp", "jmpq", "br"):
                    yield from sorted(pointers)
            else:
                yield "?"  # through a table of functions: nobody can tell what that reaches
        elif (
            (target := TARGET.search(operands))
            and mnemonic.startswith((*JUMPS, "call"))
            and (target[2] != function or (not target[3] and mnemonic in ("call", "callq", "bl")))
        ):
            yield plain(target[2])
        if variable and re.match(r"_?Py", variable[2]):
            yield plain(variable[2])


def violations(modules: dict[str, Listing]) -> set[tuple[str, str]]:
    """(rt_ function, what it must not call), through local helpers, in all modules."""
    everywhere = {name for listing in modules.values() for name in listing.code}
    found: set[tuple[str, str]] = set()
    for listing in modules.values():
        for root in listing.realtime():
            waiting, seen = [root], {root}
            while waiting:
                for callee in callees(listing, waiting.pop()):
                    if callee in ALLOWED:
                        continue
                    realtime = REALTIME.match(callee) and callee in everywhere
                    if not realtime:
                        found.add((short(root), callee))
                    if not realtime and callee in listing.code and callee not in seen and "@plt" not in callee:
                        seen.add(callee)
                        waiting.append(callee)
    return found


@pytest.fixture(scope="module")
def modules() -> dict[str, Listing]:
    """All built modules of dsp_cython, disassembled."""
    if not shutil.which("objdump"):
        pytest.fail("objdump is missing; install binutils (provisioning/install.sh does)")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert Path(built.__file__).name == f"engine{suffix}"
    return {path.name.removesuffix(suffix): disassemble(path) for path in sorted(FOLDER.glob(f"*{suffix}"))}


def test_the_functions_of_the_audio_thread_are_found(modules):
    found = {short(name) for listing in modules.values() for name in listing.realtime()}
    assert {"rt_engine_process", "rt_deck_render", "rt_deck_command", "rt_mix", "rt_eq", "rt_sweep", "rt_limit",
            "rt_read", "rt_lead", "rt_jump", "rt_cut", "rt_order"} <= found  # fmt: skip
    assert "jack_client" not in modules or "rt_jack_process" in found


def test_the_calls_between_modules_are_seen(modules):
    called = {short(name) for name in callees(modules["deck"], "__pyx_f_10dsp_cython_4deck_rt_deck_render")}
    assert {"rt_read", "rt_cut", "rt_lead", "rt_play_tail", "exp"} <= called


def test_rt_functions_call_nothing_but_each_other_and_the_allowed(modules):
    listed = sorted(f"{caller} calls {callee}" for caller, callee in violations(modules))
    assert not listed, "\n".join(listed)


SOURCES = sorted([*FOLDER.glob("*.pyx"), *FOLDER.glob("*.pxd")])


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_source_keeps_the_rules_of_the_audio_thread(source):
    text = source.read_text()
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    assert "with gil" not in code
    assert not re.search(r"\bprint\(|\bprintf\(", code)
    assert not re.search(r"^\s*(from|c?import)\s+device\b", code, re.MULTILINE)
    for definition in re.finditer(r"^cdef [^=\n]*?\b(rt_\w+)\((.*?)\)([^\n]*)$", code, re.MULTILINE | re.DOTALL):
        assert re.search(r"noexcept nogil:?\s*$", definition[3]), f"{definition[1]} must be noexcept nogil"


PLANTED = """# cython: language_level=3
from libc.stdlib cimport malloc
from libc.math cimport sin

cdef double _sum = 0.0

cdef void helper(double *x) nogil:
    global _sum
    _sum += x[0]
    if _sum > 1e9:
        with gil:
            raise ValueError("too much")

cdef void table(void (*function)(double) noexcept nogil) noexcept nogil:
    function(1.0)

cdef api void rt_good(double *x, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        x[i] = sin(x[i])

cdef api void rt_helped(double *x) noexcept nogil:
    helper(x)

cdef api void *rt_allocates(size_t n) noexcept nogil:
    return malloc(n)

cdef api void rt_takes_the_gil() noexcept nogil:
    with gil:
        raise ValueError("never")

cdef api void rt_calls_anything(void (**functions)(double) noexcept nogil) noexcept nogil:
    functions[3](2.0)
    functions[4](3.0)
"""


@pytest.mark.slow
def test_planted_offences_are_found_and_innocence_is_not(tmp_path):
    (tmp_path / "planted.pyx").write_text(PLANTED)
    (tmp_path / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "from Cython.Build import cythonize\n"
        'flags = ["-O3", "-fno-math-errno", "-fno-trapping-math"]\n'
        'setup(ext_modules=cythonize([Extension("planted", ["planted.pyx"], extra_compile_args=flags)], quiet=True))\n'
    )
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
        cwd=tmp_path, check=True, capture_output=True, env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    module = next(tmp_path.glob("planted*.so"))
    found = violations({"planted": disassemble(module)})
    blamed = {caller for caller, _ in found}
    assert blamed == {"rt_helped", "rt_allocates", "rt_takes_the_gil", "rt_calls_anything"}
    assert ("rt_allocates", "malloc") in found
    assert ("rt_takes_the_gil", "PyGILState_Ensure") in found
    assert ("rt_helped", "PyGILState_Ensure") in found
    assert ("rt_calls_anything", "?") in found


ARM = """
0000000000003480 <__pyx_f_1m_rt_one>:
    3480:	stp	x29, x30, [sp, #-32]!
    3484:	adrp	x0, 14000 <__data_start>
    3488:	ldr	x1, [x0, #264]
    348c:	blr	x1
    3490:	bl	2100 <exp@plt>
    3494:	cbz	w0, 34a0 <__pyx_f_1m_rt_one+0x20>
    3498:	b.eq	3500 <__pyx_f_1m_rt_one.cold>
    349c:	b	2200 <malloc@plt>
    34a0:	svc	#0x0
    34a4:	ldr	x2, [x3, #16]
    34a8:	blr	x2

0000000000003500 <__pyx_f_1m_rt_one.cold>:
    3500:	bl	2300 <PyGILState_Ensure@plt>
    3504:	ret
"""


def test_the_reader_understands_arm_code_too():
    listing = parse(ARM, "0000000000014108 b __pyx_f_1m_rt_two\n0000000000003480 t __pyx_f_1m_rt_one\n")
    assert list(callees(listing, "__pyx_f_1m_rt_one")) == [
        "__pyx_f_1m_rt_two", "exp", "__pyx_f_1m_rt_one.cold", "malloc", "svc", "?",
    ]  # fmt: skip
    assert violations({"m": listing}) >= {("rt_one", "malloc"), ("rt_one", "svc"), ("rt_one", "PyGILState_Ensure")}
