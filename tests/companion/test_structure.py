"""Who may import whom, where it takes more to say than the contracts in pyproject.toml can."""

import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
# tables that other domains build on: (where they are, who may)
SHARED = {"companion.accounts.models": {"models"}, "companion.uploads.models": {"catalogue", "sets", "transfers"}}
FLASK = ("companion.web", "companion.app", "companion.wsgi", "companion.site", "companion.storage.sending")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("companion", include_external_packages=True, cache_dir=None)


def _domain(module):
    return ".".join(module.split(".")[:2])


def test_tables_are_their_domains_own(graph):
    for models in (module for module in graph.modules if module.endswith(".models")):
        for importer in graph.find_modules_that_directly_import(models):
            near = _domain(importer) == _domain(models) or _domain(importer) == "companion.bench"
            assert near or SHARED.get(models, set()) & set(importer.split(".")), f"{importer} imports {models}"


def test_services_know_nothing_of_the_web_framework(graph):
    for importer in graph.find_modules_that_directly_import("flask"):
        parts = importer.split(".")
        assert "views" in parts or "bench" in parts or importer.startswith(FLASK), importer


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    roots = {name.partition(".")[0] for name in listed}
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for root in roots
        for file in (ROOT / root).rglob("__init__.py")
        if "node_modules" not in file.parts
    }
    assert sorted(listed) == sorted(found)
