"""What is public is declared, described and true: names, docstrings, and promised errors."""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import aiohttp.web
import pytest

import trunkline
from trunkline import errors

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
PROGRAMS = ("trunkline.__main__",)  # importing one runs it
IN_C = ("trunkline.wire._usual",)  # its names are those of the module beside it
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(trunkline.__path__, "trunkline.")
    if found.name not in PROGRAMS + IN_C
)
NOT_INSTALLED = ("pyarrow", "prometheus_client")  # optional


def module_named(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in NOT_INSTALLED:
            pytest.skip(f"{error.name} is an extra, and not installed")
        raise


def source_of(name: str) -> ast.Module:
    file = module_named(name).__file__
    assert file is not None
    return ast.parse(Path(file).read_text(encoding="utf-8"))


# names


def test_every_name_of_the_package_can_be_imported_and_is_described() -> None:
    for name in trunkline.__all__:
        assert inspect.getdoc(getattr(trunkline, name)), name
    assert sorted(trunkline.__all__) == list(trunkline.__all__)
    assert set(trunkline.__all__) <= set(dir(trunkline))
    with pytest.raises(AttributeError, match="no attribute 'Mastodont'"):
        trunkline.Mastodont  # noqa: B018  # looking is the test


@pytest.mark.parametrize("name", trunkline.__all__)
def test_every_name_of_the_package_is_in_the_reference(name: str) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert re.search(rf"\b{name}\b", pages), f"{name} is on no page of docs/reference"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_declares_its_names(name: str) -> None:
    module = module_named(name)
    declared = getattr(module, "__all__", None)
    if declared is None:
        own = [type(node).__name__ for node in source_of(name).body[1:]]
        assert set(own) <= {"ImportFrom"}, f"{name} has names and no __all__"
        return
    assert [one for one in declared if not hasattr(module, one)] == []
    assert len(set(declared)) == len(declared)


# descriptions


def undescribed(module: ModuleType) -> Iterator[str]:
    """Yield the public names, and public members of public classes, that nothing is said about."""
    if not inspect.getdoc(module):
        yield module.__name__
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if not isinstance(value, type) and not inspect.isfunction(value):
            continue
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if not inspect.getdoc(value):
            yield f"{module.__name__}.{name}"
        if isinstance(value, type):
            yield from (f"{module.__name__}.{name}.{one}" for one in silent_members(value))


def silent_members(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        described = isinstance(member, (property, classmethod, staticmethod))
        if name.startswith("_") or not (described or inspect.isfunction(member)):
            continue
        if not inspect.getdoc(getattr(kind, name) if not isinstance(member, property) else member):
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_described(name: str) -> None:
    assert list(undescribed(module_named(name))) == []


def test_what_is_not_described_is_found() -> None:
    module = ModuleType("wrong", "A module.")
    source = '''
class Quiet: ...
class Loud:
    """Say something."""
    def whisper(self): ...
    @property
    def volume(self): ...
def silent(): ...
__all__ = ["Loud", "Quiet", "silent"]
'''
    exec(source, vars(module))
    assert set(undescribed(module)) == {
        "wrong.Quiet",
        "wrong.silent",
        "wrong.Loud.whisper",
        "wrong.Loud.volume",
    }


# promised errors


def promised(docstring: str) -> Iterator[str]:
    """Yield the names that the ``Raises:`` section of a docstring begins its entries with."""
    lines = inspect.cleandoc(docstring).splitlines()
    if "Raises:" not in lines:
        return
    section = lines[lines.index("Raises:") + 1 :]
    indent = len(section[0]) - len(section[0].lstrip()) if section else 0
    for line in section:
        if line and not line.startswith(" " * indent):
            return
        if line[indent : indent + 1].strip():
            yield line.strip().partition(":")[0]


@functools.cache
def known_exceptions() -> frozenset[str]:
    """Return the names of all exceptions of ours, of Python, and of the server's web framework."""
    modules: list[object] = [builtins, aiohttp.web]
    for name in MODULES:
        with suppress(ImportError):
            modules.append(importlib.import_module(name))
    return frozenset(
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    )


def false_promises(tree: ast.Module) -> Iterator[str]:
    """Yield the promised errors of every docstring in `tree` that are no exceptions."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)):
            continue
        for name in promised(ast.get_docstring(node) or ""):
            if name not in known_exceptions():
                yield f"{getattr(node, 'name', 'module')}: {name}"


@pytest.mark.parametrize("name", MODULES)
def test_every_promised_error_exists(name: str) -> None:
    assert list(false_promises(source_of(name))) == []


def test_a_false_promise_is_found() -> None:
    tree = ast.parse(
        '''
def work():
    """Work.

    Raises:
        BadInput: It is wrong,
            really: wrong.
        KeyError: It is not there.
        MissingError: Nobody knows it.
        Exception: Whatever.
        len: No exception.

    More: words.
    """
'''
    )
    assert list(false_promises(tree)) == ["work: MissingError", "work: len"]


# the tree of errors


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:\|   |    )*(?:\|-- |`-- )?)([A-Z]\w+)(?:  +\S.*)?$", line)
        if found is None:
            continue
        depth, name = len(found[1]), found[2]
        while above[-1][0] >= depth:
            above.pop()
        drawn[name] = above[-1][1]
        above.append((depth, name))
    assert drawn == {name: getattr(errors, name).__bases__[0].__name__ for name in errors.__all__}
