"""Imports go down only, and the layers that decide and translate touch neither clock nor socket.

The rule is checked on the syntax tree of every module, imports inside functions and under
`TYPE_CHECKING` included. The checker itself is fed wrong modules, to see that it can fail.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "trunkline"

LAYERS: Mapping[str, tuple[str, ...]] = {
    "values": ("errors", "streams", "entities", "events", "signals", "text", "options"),
    "wire": ("wire",),
    "policy": ("policy",),
    "transport": ("transport",),
    "session": (
        "asking",
        "catchup",
        "course",
        "cursors",
        "delivery",
        "following",
        "gaps",
        "handover",
        "inbox",
        "lagging",
        "plan",
        "probing",
        "reading",
        "reconcile",
        "reconnecting",
        "session",
        "stats",
        "subscription",
        "vigil",
    ),
    "clients": ("client", "sync", "listener"),
    "sinks": ("sinks", "record", "report"),
    "server": ("server",),
    "testing": ("testing", "testing_pytest"),
    "bridges": ("relay", "replay"),  # from a client or a sink to the server
    "cli": ("cli", "__main__"),
}
LAYER_OF = {module: layer for layer, modules in LAYERS.items() for module in modules}

# A module that stands in no layer counts as a client: it may import much, and nothing below it may
# import it. Whoever wants it lower gives it a place above.
ELSEWHERE = "clients"

DOWN_TO_VALUES = ("values",)
DOWN_FROM_WIRE = ("wire", *DOWN_TO_VALUES)
DOWN_FROM_POLICY = ("policy", *DOWN_FROM_WIRE)
DOWN_FROM_TRANSPORT = ("transport", *DOWN_FROM_POLICY)
DOWN_FROM_SESSION = ("session", *DOWN_FROM_TRANSPORT)
DOWN_FROM_CLIENTS = ("clients", *DOWN_FROM_SESSION)

MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "values": DOWN_TO_VALUES,
    "wire": DOWN_FROM_WIRE,
    "policy": DOWN_FROM_POLICY,
    "transport": DOWN_FROM_TRANSPORT,
    "session": DOWN_FROM_SESSION,
    "clients": DOWN_FROM_CLIENTS,
    "sinks": ("sinks", *DOWN_FROM_CLIENTS),
    "server": ("server", *DOWN_FROM_WIRE),
    "testing": ("testing", "server", *DOWN_FROM_CLIENTS),
    "bridges": ("bridges", "server", "sinks", *DOWN_FROM_CLIENTS),
    "cli": tuple(LAYERS),
    "root": tuple(LAYERS),
}
# Two tables about servers that the embedded server, itself one of them, may share.
SHARED_WITH_SERVER = ("trunkline.policy.flavour", "trunkline.policy.ids")

PURE = ("values", "wire", "policy")
IMPURE_MODULES = frozenset(
    [
        "asyncio",
        "socket",
        "time",
        "random",
        "logging",
        "aiohttp",
        "ssl",
        "threading",
        "select",
        "selectors",
        "subprocess",
        "multiprocessing",
        "secrets",
        "sqlite3",
        "urllib.request",
        "http.client",
    ]
)
CLOCKS = frozenset({("datetime", "now"), ("datetime", "utcnow"), ("date", "today")})


def layer_of(module: str) -> str:
    parts = module.split(".")
    return LAYER_OF.get(parts[1], ELSEWHERE) if len(parts) > 1 else "root"


def violations(source: str, *, module: str, is_package: bool = False) -> list[str]:
    """Every breach of the rule in one module, as sentences."""
    tree = ast.parse(source)
    layer = layer_of(module)
    found = [
        f"{module} ({layer}) imports {target} ({layer_of(target)}): imports go down only"
        for target in own_imports(tree, module=module, is_package=is_package)
        if not may_import(layer, target)
    ]
    if layer in PURE:
        found += [f"{module} ({layer}) imports {name}: it is pure" for name in impure_imports(tree)]
        found += [f"{module} ({layer}) asks {call}: now is an argument" for call in clocks(tree)]
    return found


def may_import(layer: str, target: str) -> bool:
    if layer == "server" and target.startswith(SHARED_WITH_SERVER):
        return True
    return layer_of(target) in MAY_IMPORT[layer]


def own_imports(tree: ast.AST, *, module: str, is_package: bool) -> Iterator[str]:
    for name in imports(tree, package=module if is_package else module.rpartition(".")[0]):
        if name.split(".")[0] == "trunkline":
            yield name


def impure_imports(tree: ast.AST) -> Iterator[str]:
    for name in imports(tree, package="trunkline"):
        if any(name == impure or name.startswith(f"{impure}.") for impure in IMPURE_MODULES):
            yield name


def imports(tree: ast.AST, *, package: str) -> Iterator[str]:
    """Absolute names of everything imported: `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package=package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(node: ast.ImportFrom, *, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - (node.level - 1)]
    return ".".join([*parents, node.module] if node.module else parents)


def clocks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if (name, node.attr) in CLOCKS:
                yield f"{name}.{node.attr}"


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def test_imports_go_down_only_and_the_pure_layers_are_pure() -> None:
    found = [
        violation
        for module, path in modules()
        for violation in violations(
            path.read_text(encoding="utf-8"),
            module=module,
            is_package=path.name == "__init__.py",
        )
    ]
    assert found == []


def test_the_walk_sees_the_modules_of_every_layer_that_decides() -> None:
    seen = {module for module, _ in modules()}
    assert {"trunkline", "trunkline.errors", "trunkline.policy", "trunkline.policy.verdict"} <= seen


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("trunkline.errors", "import asyncio"),
        ("trunkline.text", "import logging.handlers"),
        ("trunkline.wire.sse", "from time import monotonic"),
        ("trunkline.wire.sse", "from urllib import request"),
        ("trunkline.policy.backoff", "import random as dice"),
        ("trunkline.policy.backoff", "def delay():\n    import random"),
        ("trunkline.policy.cursor", "from aiohttp import ClientSession"),
        ("trunkline.policy.cursor", "now = datetime.now(UTC)"),
        ("trunkline.policy.cursor", "import datetime\nnow = datetime.datetime.now()"),
        ("trunkline.entities.status", "today = date.today()"),
        ("trunkline.errors", "from trunkline.wire.sse import Frame"),
        ("trunkline.events", "from trunkline import wire"),
        ("trunkline.wire.decode", "import trunkline.policy.verdict"),
        ("trunkline.policy.verdict", "from trunkline.transport import rest"),
        ("trunkline.policy.verdict", "from ..transport.rest import Rest"),
        ("trunkline.policy.verdict", "from .. import session"),
        ("trunkline.transport.rest", "from trunkline.session import Session"),
        ("trunkline.session", "from trunkline.client import AsyncMastodon"),
        ("trunkline.session", "if TYPE_CHECKING:\n    from trunkline.client import AsyncMastodon"),
        ("trunkline.client", "from trunkline.sinks.sqlite import SqliteSink"),
        ("trunkline.client", "from trunkline.server import Server"),
        ("trunkline.sinks.sqlite", "from trunkline.cli import main"),
        ("trunkline.server.hub", "from trunkline.client import AsyncMastodon"),
        ("trunkline.server.hub", "from trunkline.session import Session"),
        ("trunkline.server.hub", "from trunkline.policy.verdict import judge"),
        ("trunkline.server.app", "from trunkline.relay import Relay"),
        ("trunkline.testing", "from trunkline.cli.main import main"),
        ("trunkline.streams", "from trunkline import AsyncMastodon"),
        ("trunkline.streams", "import trunkline"),
        ("trunkline.events", "from trunkline.something_new import Helper"),
    ],
)
def test_the_checker_reports_a_wrong_import(module: str, source: str) -> None:
    assert len(violations(source, module=module)) == 1


def test_the_checker_knows_where_a_package_imports_from() -> None:
    source = "from .verdict import judge\nfrom ..session import Session"
    (found,) = violations(source, module="trunkline.policy", is_package=True)
    assert "trunkline.session.Session" in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("trunkline", "from trunkline.client import AsyncMastodon"),
        ("trunkline.cli.main", "from trunkline.server import Server\nimport asyncio"),
        ("trunkline.client", "import asyncio, time\nfrom trunkline.session import Session"),
        ("trunkline.policy.verdict", "from .outcome import Outcome\nfrom ..errors import Misuse"),
        ("trunkline.policy.ratelimit", "from datetime import datetime\ndatetime.fromisoformat"),
        ("trunkline.server.app", "from trunkline.policy.flavour import FLAVOURS"),
        ("trunkline.server.app", "from trunkline.wire.sse import encode_event\nimport aiohttp"),
        ("trunkline.testing", "from trunkline.server import Server"),
        ("trunkline.relay", "from trunkline import client, server, sinks"),
        ("trunkline.wire.sse", "import timeit_of_another_package\nfrom trunkline import errors"),
    ],
)
def test_the_checker_lets_a_right_import_pass(module: str, source: str) -> None:
    assert violations(source, module=module) == []


def test_every_layer_may_import_itself_and_has_a_rule() -> None:
    assert set(MAY_IMPORT) == {*LAYERS, "root"}
    assert all(layer in MAY_IMPORT[layer] for layer in LAYERS)
