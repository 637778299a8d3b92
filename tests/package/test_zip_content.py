# SPDX-License-Identifier: Apache-2.0
"""What is in the zip, and that Python runs the compiled files that ship in it."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import LIMIT_BYTES, SERVICES, import_ms
from tests.package.templates import HTTP, QUEUE_HANDLERS, SCHEDULE_HANDLERS

ROOT = Path(__file__).resolve().parents[2]
UNCHECKED_HASH = 0b01
OURS = {"app.py", "chalicelib", "templates"}
NEVER = {
    "tests",
    "infra",
    "docs",
    "tools",
    "vendor",
    "scripts",
    "dist",
    ".chalice",
    ".local",
    "moto",
    "pytest",
    "pip",
    "setuptools",
    "yaml",
    "awslambdaric",
}


def sources(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def compiled(source):
    return source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_zip_is_small(package):
    size = (package / "deployment.zip").stat().st_size
    print(f"deployment.zip: {size / 1e6:.1f} MB")
    assert size <= LIMIT_BYTES


def test_neither_tests_nor_infrastructure_nor_tools_ship(tree):
    top = {path.name for path in tree.iterdir()}
    assert top >= OURS
    assert not top & NEVER
    assert not [path for path in tree.rglob("*") if path.is_symlink()]


def test_every_pinned_dependency_ships_at_its_pin_and_no_other_does(tree):
    pins = {
        (canonical(name), version)
        for name, version in re.findall(
            r"(?m)^([A-Za-z0-9_.-]+)==([^\s#]+)", (ROOT / "requirements.txt").read_text()
        )
    }
    shipped = {
        (canonical(name), version)
        for name, version in (
            path.name.removesuffix(".dist-info").rsplit("-", 1) for path in tree.glob("*.dist-info")
        )
    }
    assert shipped == pins


def test_our_code_ships_whole_and_unchanged(tree):
    ours = {path for path in sources(ROOT / "chalicelib") if path.endswith(".py")}
    assert {path for path in sources(tree / "chalicelib") if path.endswith(".py")} == ours
    for path in ours:
        assert (tree / "chalicelib" / path).read_bytes() == (
            ROOT / "chalicelib" / path
        ).read_bytes()
    assert (tree / "app.py").read_bytes() == (ROOT / "app.py").read_bytes()


def test_templates_ship_whole_and_unchanged(tree):
    assert sources(ROOT / "templates") == sources(tree / "templates")
    for path in sources(ROOT / "templates"):
        assert (tree / "templates" / path).read_bytes() == (ROOT / "templates" / path).read_bytes()


def test_the_link_that_ships_the_templates_is_in_place():
    link = ROOT / "vendor" / "templates"
    assert link.is_symlink()
    assert str(link.readlink()) == "../templates"


def test_only_the_services_in_use_bring_their_data(tree):
    data = tree / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == SERVICES
    assert {path.name for path in data.iterdir() if path.is_file()} >= {
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
    }


def test_every_module_ships_compiled_never_to_be_checked_against_its_source(tree):
    modules = list(tree.rglob("*.py"))
    assert modules
    for source in modules:
        header = compiled(source).read_bytes()[:16]
        assert header[:4] == importlib.util.MAGIC_NUMBER, source
        assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH, source
        assert header[8:] == importlib.util.source_hash(source.read_bytes()), source


def test_compiled_files_name_no_machine(tree):
    for path in (tree / "chalicelib").rglob("*.pyc"):
        assert b"kvitto-package-" not in path.read_bytes()
        assert str(ROOT).encode() not in path.read_bytes()


def test_the_compiled_files_are_what_runs(tree, tmp_path):
    """An unchecked compiled file is used even when its source is broken: so it is in use."""
    shutil.copytree(tree, tmp_path / "tree")
    (tmp_path / "tree" / "app.py").write_text("raise SystemExit('the source was compiled again')")
    assert import_ms(tmp_path / "tree", "app.app", runs=1) > 0


@pytest.mark.parametrize("handler", sorted({HTTP, *QUEUE_HANDLERS, *SCHEDULE_HANDLERS}))
def test_a_handler_imports_from_the_package_alone_and_starts_no_client(tree, handler):
    print(f"import {handler}: {import_ms(tree, handler):.0f} ms")


def test_importing_the_app_needs_no_settings_and_loads_no_sdk(tree):
    """Chalice imports app.py to package it, and a cold start should pay only for what it uses."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import app\n"
        "late = ('boto3', 'botocore', 'pynamodb', 'mjml', 'css_inline')\n"
        "print([name for name in late if name in sys.modules])"
    )
    result = subprocess.run(
        (sys.executable, "-I", "-S", "-B", "-c", code, str(tree)),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.strip() == "[]", result.stdout + result.stderr
