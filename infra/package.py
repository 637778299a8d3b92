# SPDX-License-Identifier: Apache-2.0
"""Builds what is deployed: ``dist/deployment.zip`` and ``dist/sam.json``.

It guarantees that the zip holds the product, its templates and the dependencies of
requirements.txt and nothing else; that every module is compiled for the runtime's Python, which
will use the compiled file without looking at the source; that the same tree gives the same zip,
byte for byte; and that the result is at most ``LIMIT_BYTES``. It refuses templates that contradict
each other. It makes no AWS call and needs no credentials.

Run as ``python -m infra.package`` (``make package``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
STAGE = "live"
MERGED = ("app.yaml", "alarms.yaml")
# Half of what Lambda takes in one upload: what makes it larger should be noticed here first.
LIMIT_BYTES = 25 * 1000 * 1000
SERVICES = frozenset({"dynamodb", "sqs", "sns", "s3", "kms", "sesv2", "sts"})
# Needed by nothing at run time. METADATA and licence files stay: packages ask for their own
# version, and their licences travel with them.
DROPPED_DIRECTORIES = frozenset({"__pycache__", "tests", "benchmarks", "sboms", "examples"})
DROPPED_NAMES = frozenset(
    {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "top_level.txt", "zip-safe"}
)
# Wanted only to compile C, which the product never does.
DROPPED_PACKAGES = frozenset({"pycparser"})
DROPPED_SUFFIXES = (".pyi", ".pyx", ".c", ".h")
# A zip cannot hold a date before 1980; a fixed one makes equal trees give equal archives.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """The package cannot be built; the message is written for the person who ran the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What one build produced, with sizes in bytes."""

    archive: Path
    template: Path
    zip_bytes: int
    unzipped_bytes: int
    handlers: tuple[str, ...]


def merge(base: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Return both trees as one, refusing to let either overwrite a value of the other.

    >>> merge({"a": {"b": 1}}, {"a": {"c": 2}})
    {'a': {'b': 1, 'c': 2}}

    Raises:
        BuildError: the two trees give different values at the same place.
    """
    merged = dict(base)
    for key, value in extra.items():
        present = merged.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merged[key] = merge(present, value)
        elif key in merged:
            raise BuildError(f"Two merge templates both define {key!r}; keep it in one of them.")
        else:
            merged[key] = value
    return merged


def merge_template(folder: Path) -> dict[str, Any]:
    """Return the merge templates of ``folder`` as one tree."""
    merged: dict[str, Any] = {}
    for name in MERGED:
        merged = merge(merged, yaml.safe_load((folder / name).read_text(encoding="utf-8")))
    return merged


def _run_chalice(project: Path, merged: Path, out: Path) -> None:
    """Let Chalice resolve dependencies, zip the product and generate its template."""
    # Chalice asks for a Region only to spell service names; its template is Region-neutral.
    environment = {
        "AWS_DEFAULT_REGION": "eu-north-1",
        **os.environ,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = (sys.executable, "-c", "from chalice.cli import main; main()", "package")
    result = subprocess.run(
        (*command, "--stage", STAGE, "--merge-template", str(merged), str(out)),
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode or not (out / "sam.yaml").exists():
        raise BuildError(f"Chalice could not package the app:\n{result.stdout}{result.stderr}")


def _unneeded(path: Path) -> bool:
    """Tell whether a file (path relative to the tree) has no use at run time."""
    parts = path.parts
    if path.name in DROPPED_NAMES and parts[0].endswith(".dist-info"):
        return True
    if path.name.endswith(DROPPED_SUFFIXES) or DROPPED_DIRECTORIES.intersection(parts[1:-1]):
        return True
    if parts[0].endswith(".data") or parts[0] in DROPPED_PACKAGES:
        return True
    if parts[:2] in {("botocore", "data"), ("boto3", "data")} and len(parts) > 3:  # noqa: PLR2004
        return parts[2] not in SERVICES or path.name.startswith("examples-")
    return False


def trim(tree: Path) -> None:
    """Remove from an unzipped package what no handler can need."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_file() and _unneeded(path.relative_to(tree)):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def compile_tree(tree: Path) -> None:
    """Compile every module, to be used without ever reading the source's date or content.

    This must be the last change to the tree: an unchecked compiled file never notices an edit
    (PEP 552). A fixed hash seed keeps set constants in one order, so equal trees compile equally.

    Raises:
        BuildError: a module does not compile.
    """
    result = subprocess.run(
        (
            *(sys.executable, "-m", "compileall", "-q", "-f", "-j", "1"),
            *("-s", str(tree), "-p", "/", "--invalidation-mode", "unchecked-hash", str(tree)),
        ),
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BuildError(f"A module does not compile:\n{result.stdout}{result.stderr}")


def write_zip(tree: Path, archive: Path) -> None:
    """Write the tree as a zip that depends on nothing but names and bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                bundle.writestr(entry, path.read_bytes())


def _checked_runtime(template: dict[str, Any]) -> tuple[str, ...]:
    """Return the handlers of a template whose functions all run on this Python."""
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource.get("Type") == "AWS::Serverless::Function"
    ]
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for function in functions:
        if function["Runtime"] != here:
            raise BuildError(f"{function['Handler']} runs on {function['Runtime']}, not on {here}.")
    return tuple(sorted(function["Handler"] for function in functions))


ANY_METHOD = "x-amazon-apigateway-any-method"


def join_methods(template: dict[str, Any]) -> None:
    """Say a route's operation once when it is the same for every method.

    Chalice repeats it for each of the seven, and CloudFormation takes no template of more than a
    megabyte. The product answers a method it does not know by itself.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/
    api-gateway-swagger-extensions-any-method.html
    """
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for path, operations in paths.items():
        first, *others = operations.values()
        if others and all(other == first for other in others):
            paths[path] = {ANY_METHOD: first}


def build(project: Path, out: Path) -> Package:
    """Build the package of ``project`` into ``out`` and return what was built.

    Raises:
        BuildError: Chalice, a template or the size limit stopped the build.
    """
    if not (project / "app.py").exists():
        raise BuildError(f"{project} has no app.py, so there is nothing to package.")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kvitto-package-") as folder:
        work = Path(folder)
        merged = work / "merge.yaml"
        merged.write_text(yaml.safe_dump(merge_template(project / "infra")), encoding="utf-8")
        _run_chalice(project, merged, work / "chalice")
        template = yaml.safe_load((work / "chalice" / "sam.yaml").read_text(encoding="utf-8"))
        tree = work / "tree"
        with zipfile.ZipFile(work / "chalice" / "deployment.zip") as bundle:
            bundle.extractall(tree)
        trim(tree)
        compile_tree(tree)
        write_zip(tree, work / "deployment.zip")
        unzipped = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        shutil.move(work / "deployment.zip", out / "deployment.zip")
    handlers = _checked_runtime(template)
    join_methods(template)
    # CloudFormation takes a megabyte, and a third of an indented template would be spaces.
    text = json.dumps(template, separators=(",", ":"), sort_keys=True) + "\n"
    (out / "sam.json").write_text(text, encoding="utf-8")
    package = Package(
        archive=out / "deployment.zip",
        template=out / "sam.json",
        zip_bytes=(out / "deployment.zip").stat().st_size,
        unzipped_bytes=unzipped,
        handlers=handlers,
    )
    if package.zip_bytes > LIMIT_BYTES:
        raise BuildError(f"The zip has {package.zip_bytes:,} bytes; the limit is {LIMIT_BYTES:,}.")
    return package


_IMPORT = """
import sys, time
tree, handler = sys.argv[1:]
sys.path.insert(0, tree)
module, name = handler.rsplit(".", 1)
start = time.perf_counter()
getattr(__import__(module, fromlist=[name]), name)
print((time.perf_counter() - start) * 1000)
"""


def import_ms(tree: Path, handler: str, runs: int = 3) -> float:
    """Return the median milliseconds to import a handler where only the tree can be seen.

    Raises:
        BuildError: the handler cannot be imported from the package alone.
    """
    times = []
    for _ in range(runs):
        result = subprocess.run(
            (sys.executable, "-I", "-S", "-B", "-c", _IMPORT, str(tree), handler),
            cwd=tree,
            env={"AWS_DEFAULT_REGION": "eu-north-1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise BuildError(f"{handler} does not import from the package:\n{result.stderr}")
        times.append(float(result.stdout))
    return statistics.median(times)


def _report(package: Package) -> None:
    """Print sizes and import times, one figure a line."""
    print(f"{package.archive}  {package.zip_bytes / 1e6:.1f} MB zipped")
    print(f"{package.archive}  {package.unzipped_bytes / 1e6:.1f} MB unzipped")
    print(f"{package.template}  {len(package.handlers)} functions")
    with tempfile.TemporaryDirectory(prefix="kvitto-import-") as folder:
        with zipfile.ZipFile(package.archive) as bundle:
            bundle.extractall(folder)
        for handler in package.handlers:
            print(f"import {handler:<28} {import_ms(Path(folder), handler):6.0f} ms")


def main() -> int:
    """Build the package and print its sizes; return the process's exit code."""
    parser = argparse.ArgumentParser(description="Build dist/deployment.zip and dist/sam.json.")
    parser.add_argument("--project", type=Path, default=ROOT, help="checkout to package")
    parser.add_argument("--out", type=Path, help="where to write (default: PROJECT/dist)")
    arguments = parser.parse_args()
    project = arguments.project.resolve()
    try:
        _report(build(project, (arguments.out or project / "dist").resolve()))
    except BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
