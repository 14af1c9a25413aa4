# SPDX-License-Identifier: MIT
"""
What contrib/logstash names exists: no Logstash and no Elasticsearch can be had here, but the fields of
the gateway's schemas can, as their golden files show them.
"""
import fnmatch
import ipaddress
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIB, GOLDEN = ROOT / "contrib" / "logstash", ROOT / "tests" / "unit" / "gateway" / "relay" / "golden"
SCHEMAS, PIPELINES = ["ecs", "logstash"], ["beats", "redis"]

# What Logstash makes of a field's value, by the type of the mapping.
TYPES = {
    "keyword": str, "text": str, "boolean": bool, "long": int, "byte": int, "double": (int, float),
    "date": lambda v: datetime.strptime(v, "%Y-%m-%dT%H:%M:%S.%fZ"), "ip": ipaddress.ip_address,
}


def leaves(value, path=()):
    """(path, value) of all that is no object, and of each object itself with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def written(schema):
    """path -> values of it in the golden files."""
    found = {}
    for file in sorted(GOLDEN.glob(f"{schema}_*.json")):
        for path, value in leaves(json.loads(file.read_text())):
            found.setdefault(path, []).append(value)
    assert found
    return found


def template(schema):
    return json.loads((CONTRIB / f"index-template-{schema}.json").read_text())


def mappings(schema):
    return template(schema)["template"]["mappings"]


def mapped(properties, path=()):
    """path -> type of all that the template names."""
    for name, how in properties.items():
        if "properties" in how:
            yield from mapped(how["properties"], (*path, name))
        else:
            yield (*path, name), how["type"]


def dynamic_type(schema, path, value):
    kind = {str: "string", bool: "boolean", int: "long", float: "double"}.get(type(value))
    for rule in mappings(schema)["dynamic_templates"]:
        (_, how), = rule.items()
        if how.get("match_mapping_type", kind) == kind and fnmatch.fnmatch(".".join(path), how.get("path_match", "*")):
            return how["mapping"]["type"]
    return None


def fits(kind, value):
    if isinstance(value, list):
        return all(fits(kind, v) for v in value)
    if kind == "flattened":
        return isinstance(value, dict)
    check = TYPES[kind]
    if isinstance(check, (type, tuple)):
        return isinstance(value, check) and not (kind != "boolean" and isinstance(value, bool))
    return bool(check(value))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_a_template_names_is_written_with_that_type(schema):
    found = written(schema)
    for path, kind in mapped(mappings(schema)["properties"]):
        assert path in found, f"{'.'.join(path)} is never written"
        for value in found[path]:
            assert fits(kind, value), f"{'.'.join(path)}: {value!r} is no {kind}"


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_is_written_is_mapped(schema):
    kinds = dict(mapped(mappings(schema)["properties"]))
    flat = [path for path, kind in kinds.items() if kind == "flattened"]
    for path, values in written(schema).items():
        if any(path[:len(f)] == f for f in flat) or all(isinstance(v, dict) for v in values):
            continue
        kind = kinds.get(path)
        if kind is None:
            assert path[:2] == ("nagios", "perf"), f"{'.'.join(path)} is left to chance"
            kind = dynamic_type(schema, path, values[0])
        assert all(fits(kind, value) for value in values)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_numbers_of_performance_data_have_one_type(schema):
    """A value that is whole today has a fraction tomorrow, and a mapping stays."""
    found = [(path, value) for path, values in written(schema).items() for value in values
             if path[:2] == ("nagios", "perf") and isinstance(value, (int, float))]
    assert found or schema == "logstash"
    assert all(dynamic_type(schema, path, value) == "double" for path, value in found)


def references(text):
    """Fields that a pipeline names: [a][b], alone or in %{...}; comments, lists and options are none."""
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    for match in re.finditer(r"(?:\[[@a-z_]+\])+", text):
        yield tuple(re.findall(r"\[([^\]]+)\]", match[0]))


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_a_pipeline_names_is_written(pipeline):
    names = list(references((CONTRIB / f"{pipeline}.conf").read_text()))
    known = {path for schema in SCHEMAS for path in written(schema)}
    if pipeline == "beats":  # the plugin lumberjack adds it, test_relay_lumberjack.py
        known.add(("@metadata", "beat"))
    assert set(names) <= known
    assert ("event", "id") in names and ("event_id",) in names


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline_is_whole(pipeline):
    text = re.sub(r"#.*$", "", (CONTRIB / f"{pipeline}.conf").read_text(), flags=re.M)
    depth = 0
    for mark in re.findall(r'"[^"]*"|[{}]', text):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        assert depth >= 0
    assert depth == 0 and text.count('"') % 2 == 0


@pytest.mark.parametrize("schema", SCHEMAS)
def test_pipelines_write_where_the_templates_look(schema):
    patterns = template(schema)["index_patterns"]
    for pipeline in PIPELINES:
        indices = re.findall(r'index => "([^"]+)"', (CONTRIB / f"{pipeline}.conf").read_text())
        indices = [re.sub(r"%\{\+[^}]*\}", "2026.11.23", i.replace("%{[@metadata][beat]}", "belfry")) for i in indices]
        assert sum(fnmatch.fnmatch(index, pattern) for index in indices for pattern in patterns) == 1


def told_of():
    """The words of the manual's section about fields."""
    page = (ROOT / "gateway/belfry-gateway.conf.5").read_text()
    section = page[page.index(".Ss What a record looks like"):page.index(".Ss Templates")]
    return set(re.findall(r"[@\w][\w.]*\w", section))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_manual_tells_of_every_field(schema):
    told = told_of()

    def is_told(path):
        if "user_properties" in path or "payload" in path or path[0] in ("network", "observer"):
            return path[0] in told or path[1] in told  # what is in there is not the gateway's
        if path[:2] == ("nagios", "perf"):
            return path[3] in told
        return ".".join(path) in told or path[0] == "mqtt" and path[1] in told

    fields = [path for path, values in written(schema).items() if not isinstance(values[0], dict)]
    assert [".".join(path) for path in fields if not is_told(path)] == []
