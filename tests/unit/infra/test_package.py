# SPDX-License-Identifier: Apache-2.0
"""The build steps of the package that need no build: merging, trimming, compiling, zipping."""

import shutil

import pytest

from infra import package


def write(tree, *names):
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("VALUES = frozenset({'one', 'two', 'three', 'four'})\n")


def files(tree):
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


def test_two_templates_are_joined_at_every_depth():
    base = {"Resources": {"A": {"Properties": {"x": 1}}}}
    extra = {"Resources": {"A": {"Properties": {"y": [2]}}, "B": {}}}
    merged = package.merge(base, extra)
    assert merged == {"Resources": {"A": {"Properties": {"x": 1, "y": [2]}}, "B": {}}}


def test_two_templates_may_not_say_different_things_about_one_place():
    with pytest.raises(package.BuildError, match="'x'"):
        package.merge({"A": {"x": 1}}, {"A": {"x": 2}})


def test_the_product_and_what_it_needs_survive_the_trim(tmp_path):
    kept = {
        "app.py",
        "chalicelib/services/signup.py",
        "templates/pages/form.html",
        "jinja2/tests.py",
        "boto3/docs/utils.py",
        "botocore/data/endpoints.json",
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "dns/rdtypes/ANY/MX.py",
        "dnspython-2.9.2.dist-info/METADATA",
        "dnspython-2.9.2.dist-info/licenses/LICENSE",
    }
    write(tmp_path, *kept)
    package.trim(tmp_path)
    assert files(tmp_path) == kept


def test_tests_other_services_and_build_leftovers_are_trimmed(tmp_path):
    write(
        tmp_path,
        "jsonschema/tests/test_cli.py",
        "jsonschema/benchmarks/nested.py",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/dynamodb/2012-08-10/examples-1.json",
        "boto3/data/ec2/2016-11-15/resources-1.json",
        "boto3/examples/s3.rst",
        "orjson/__init__.pyi",
        "orjson-3.13.0.dist-info/RECORD",
        "orjson-3.13.0.dist-info/sboms/orjson.cyclonedx.json",
        "jmespath-1.1.0.data/scripts/jp.py",
        "chalicelib/__pycache__/old.cpython-311.pyc",
    )
    package.trim(tmp_path)
    assert files(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_equal_trees_compile_and_zip_to_equal_bytes(tmp_path):
    for name in ("first", "second"):
        write(tmp_path / name, "app.py", "chalicelib/domain/ids.py", "templates/pages/form.html")
        package.compile_tree(tmp_path / name)
        package.write_zip(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_a_module_that_does_not_compile_stops_the_build(tmp_path):
    (tmp_path / "app.py").write_text("def broken(:\n")
    with pytest.raises(package.BuildError, match="does not compile"):
        package.compile_tree(tmp_path)


def test_a_handler_that_cannot_be_imported_stops_the_build(tmp_path):
    (tmp_path / "app.py").write_text("import chalicelib_that_is_absent\n")
    with pytest.raises(package.BuildError, match="chalicelib_that_is_absent"):
        package.import_ms(tmp_path, "app.app", runs=1)


def test_a_folder_without_an_app_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(package.BuildError, match=r"has no app\.py"):
        package.build(tmp_path, tmp_path / "dist")


def test_a_missing_tool_is_named(tmp_path, monkeypatch):
    """Chalice's own words reach the person who ran the command."""
    shutil.copytree(
        package.ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("local")
    )
    (tmp_path / "app.py").write_text("")
    with pytest.raises(package.BuildError, match="Chalice could not package the app"):
        package.build(tmp_path, tmp_path / "dist")
