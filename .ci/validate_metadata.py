"""Validate the metadata of the compendium with the standards' own schemas and tools, offline.

`python -m cluster_anatomy check --standards` runs it in an environment of its own, from
``.ci/validators.lock``:

- CITATION.cff against the schema of the Citation File Format 1.2.0 (shipped with cffconvert);
- codemeta.json against the terms of the CodeMeta 3 context (shipped with CodeMetaPy);
- datapackage.json against the Data Package 2.0 profiles (shipped with dplib-py), then each table
  against its description, row by row, by frictionless;
- ro-crate-metadata.json by the RO-Crate project's validator against RO-Crate 1.2, the required and
  the recommended items. The context that its JSON-LD names is the one shipped with rocrate (of
  RO-Crate 1.3, which only adds terms), so that nothing is fetched.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import yaml
from frictionless import Package, system
from jsonschema import Draft7Validator
from requests import Response
from rocrate_validator import services
from rocrate_validator.models import Severity
from rocrate_validator.utils.http import HttpRequester

KEYWORDS = {"@context", "@type", "@id", "@graph"}


def shipped(package: str, path: str) -> dict:
    """Read a file that a package ships, without importing the package (and what it needs)."""
    folder = find_spec(package).submodule_search_locations[0]
    return json.loads(Path(folder, path).read_text(encoding="utf-8"))


def against(schema: dict, content: object, name: str) -> list[str]:
    """Return what a schema finds wrong in a document."""
    errors = Draft7Validator(schema).iter_errors(content)
    return [
        f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in errors
    ]


def citation_problems(base: Path) -> list[str]:
    content = yaml.safe_load((base / "CITATION.cff").read_text(encoding="utf-8"))
    return against(shipped("cffconvert", "schemas/1.2.0/schema.json"), content, "CITATION.cff")


def codemeta_problems(base: Path) -> list[str]:
    context = shipped("codemeta", "schema/codemeta.jsonld")["@context"]
    terms = context.keys() | KEYWORDS | {"ScholarlyArticle"}

    def unknown(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(unknown, value))
        if not isinstance(value, dict):
            return set()
        kinds = {value["@type"]} if "@type" in value else set()
        return (value.keys() | kinds) - terms | set().union(*map(unknown, value.values()))

    content = json.loads((base / "codemeta.json").read_text(encoding="utf-8"))
    return [f"codemeta.json: {term} is no term of CodeMeta 3" for term in sorted(unknown(content))]


def package_problems(base: Path) -> list[str]:
    name = "datapackage.json"
    content = json.loads((base / name).read_text(encoding="utf-8"))
    profile, resource_profile, table_profile = (
        shipped("dplib", f"profiles/2.0/{kind}.json")
        for kind in ("datapackage", "dataresource", "tableschema")
    )
    problems = against(profile, content, name)
    for resource in content["resources"]:
        problems += against(resource_profile, resource, resource["path"])
        problems += against(table_profile, resource["schema"], resource["path"])
    with system.use_context(trusted=True):
        report = Package(str(base / name)).validate()
    problems += [
        f"{task.place}: {error.message[:300]}" for task in report.tasks for error in task.errors
    ]
    problems += [f"{name}: {error.message}" for error in report.errors]
    rows = sum(task.stats.get("rows") or 0 for task in report.tasks)
    errors = len(report.flatten(["rowNumber", "fieldName", "message"]))
    print(f"frictionless: {len(report.tasks)} tables, {rows} rows, {errors} errors")
    return problems


def crate_problems(base: Path) -> list[str]:
    context = json.dumps(shipped("rocrate", "data/ro-crate.jsonld")).encode()

    def offline(_, url: str, **__) -> Response:
        """Answer for the network: the context from the package, nothing else."""
        response = Response()
        response.status_code = 200 if url == "https://w3id.org/ro/crate/1.2/context" else 404
        response._content, response.headers["Content-Type"] = context, "application/ld+json"
        return response

    HttpRequester.get = HttpRequester.head = offline
    settings = services.ValidationSettings(
        rocrate_uri=str(base),
        profile_identifier="ro-crate-1.2",
        requirement_severity=Severity.RECOMMENDED,
    )
    issues = services.validate(settings).get_issues()
    print("RO-Crate, recommended and not met:")
    for line in sorted(
        {
            f"  {issue.check.identifier} {issue.message}"
            for issue in issues
            if issue.severity < Severity.REQUIRED
        }
    ):
        print(line)
    return [
        f"ro-crate-metadata.json: {issue.check.identifier} {issue.message}"
        f" {issue.violatingEntity or ''}"
        for issue in issues
        if issue.severity >= Severity.REQUIRED
    ]


CHECKS = {
    "citation": citation_problems,
    "codemeta": codemeta_problems,
    "datapackage": package_problems,
    "crate": crate_problems,
}


def main() -> int:
    base = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = []
    for name, check in CHECKS.items():
        wrong = check(base)
        print(f"{name}: {'valid' if not wrong else f'{len(wrong)} problems'}")
        problems += wrong
    print("\n".join(problems) or "all valid")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
