"""The package's rooms: each uses only those below it, and no two files import each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import gilteach as gt

PACKAGE = Path(gt.__file__).parent
# From the ground up. Rooms of the same floor don't know each other; "" is what lies beside them and uses them all.
FLOORS = [
    {"errors", "check"},
    {"bench"},
    {"children", "host"},
    {"show"},
    {"measuring"},
    {"programs", "panels", "teach"},
]
FLOORS += [{"magics", "cli", "learn"}]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imported(path):
    """The files of the package that one of them imports, wherever in it; those of the bench are on its own path."""
    package = path.parent.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = PACKAGE.joinpath(*package[: len(package) + 1 - node.level], *(node.module or "").split("."))
            names = [base / alias.name for alias in node.names] if base.is_dir() else [base]
            yield from (name.with_suffix(".py") for name in names)
        elif isinstance(node, ast.Import | ast.ImportFrom) and package[:1] == ("bench",):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (path.parent / f"{name}.py" for name in names if (path.parent / f"{name}.py").exists())


def room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


IMPORTS = {path: {*imported(path)} - {path} for path in PACKAGE.rglob("*.py")}  # a recorder has a namesake elsewhere


def test_every_import_was_understood():
    assert all(path.exists() for files in IMPORTS.values() for path in files)
    assert sum(map(len, IMPORTS.values())) > 100


def test_a_room_uses_only_rooms_below_it():
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {other.relative_to(PACKAGE)}"
        for path, files in IMPORTS.items()
        for other in files
        if path.parent != other.parent and FLOOR_OF[room(path)] <= FLOOR_OF[room(other)]
    ]
    assert upwards == []


def test_no_files_import_each_other_however_far_around():
    TopologicalSorter(IMPORTS).prepare()  # raises a CycleError that names them


def test_few_files_lie_beside_the_rooms():
    assert len([*PACKAGE.glob("*.py")]) <= 6
