#!/usr/bin/env python3
"""Puts the options of the plugins, as their schemas say them, into the manual of the configuration file.

    make_conf_manual.py <jackfield.conf.5.in> <result> <plugin folder> <plugin id>...
"""

import json
import re
import sys
from pathlib import Path


def text(words):
    """A line of text that mdoc takes for text."""
    words = re.sub(r"\s+", " ", words.strip()).replace("\\", "\\e")
    return "\\&" + words if words[:1] in (".", "'") else words


def sentences(words):
    """mdoc wants each sentence on a line of its own."""
    return [text(part) for part in re.split(r"(?<=[A-Za-z0-9)\"`][.?])\s+(?=[A-Z])", words) if part.strip()]


def kind(schema):
    if "enum" in schema:
        values = [str(value).lower() if isinstance(value, bool) else str(value) for value in schema["enum"]]
        return ("one of " if len(values) > 1 else "") + ", ".join(values)
    name = {"boolean": "true or false", "array": "a list", "object": "an object", "string": "text",
            "integer": "a whole number", "number": "a number"}.get(schema.get("type"), "a value")
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        name += f" from {least} to {most}"
    elif least is not None:
        name += f" from {least}"
    elif most is not None:
        name += f" up to {most}"
    items = schema.get("items", {})
    if schema.get("type") == "array" and "enum" in items:
        name += " of " + ", ".join(str(value) for value in items["enum"])
    return name


def option(name, schema, required):
    lines = [f".It Cm {name}"]
    description = schema.get("description", "")
    lines += sentences(description if description.endswith((".", "?")) or not description else description + ".")
    facts = kind(schema)
    if "default" in schema:
        facts += ", default " + json.dumps(schema["default"])
    elif required:
        facts += ", required"
    lines.append(text(facts[0].upper() + facts[1:] + "."))
    inner = schema if schema.get("type") == "object" else schema.get("items", {})
    if isinstance(inner, dict) and inner.get("properties"):
        lines.append("Members:" if schema.get("type") == "object" else "Members of each:")
        lines += options(inner)
    return lines


def options(schema):
    lines = [".Bl -tag -width Ds"]
    for name, inner in schema["properties"].items():
        lines += option(name, inner, name in schema.get("required", []))
    return lines + [".El"]


def plugin(folder, plugin_id):
    manifest = json.loads((folder / f"{plugin_id}.plugin.json").read_text(encoding="utf-8"))
    lines = [f".Ss {plugin_id}", *sentences(manifest["summary"].rstrip(".") + ".")]
    schema = {}
    if "config_schema" in manifest:
        schema = json.loads((folder / manifest["config_schema"]).read_text(encoding="utf-8"))
    return lines + (options(schema) if schema.get("properties") else ["It has no options."])


def main():
    source, result, folder, *plugins = sys.argv[1:]
    lines = []
    for plugin_id in sorted(plugins):
        lines += plugin(Path(folder), plugin_id)
    manual = Path(source).read_text(encoding="utf-8")
    manual = manual.replace("@GENERATED@", "Options of plugins come from their schemas.")
    Path(result).write_text(manual.replace("@PLUGIN_OPTIONS@", "\n".join(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
