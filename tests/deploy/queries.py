"""Every query that somebody looks at or is woken by: the dashboard's, the alerts' and what is recorded for them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.conftest import ROOT
from tests.deploy.prometheus import INTERVAL_S, RULES, rules_of

DASHBOARD: Any = json.loads((ROOT / "deploy/grafana/dashboards/triptych.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
COMPARISON = re.compile(r"(\{[^}]*\})|([<>=!]=|[<>])")  # and what looks like one among labels
EITHER = ") or ("
IS_EMPTY_WHEN_ALL_IS_WELL = "ALERTS"


def queries() -> dict[str, str]:
    """Every one, by where it stands, as Prometheus is asked: with values in place of Grafana's variables."""
    variables = {each["name"]: each.get("allValue") or each["query"] for each in DASHBOARD["templating"]["list"]}
    found = {}
    for panel in PANELS:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", f"{10 * INTERVAL_S}s")
            for name, value in variables.items():
                asked = asked.replace(f"${name}", value)
            found[f"panel {panel['title']} {target['refId']}"] = asked
    rules = [rule for file in RULES for rule in rules_of(file)]
    for rule in rules:
        if "alert" in rule:
            for n, part in enumerate(alternatives(rule["expr"])):
                found[f"{rule['alert']} {rule['labels']['severity']} {n}"] = always(part)
        else:
            found[rule["record"]] = rule["record"]
    return found | {asked: asked for rule in rules for asked in labels_of(rule["expr"])}


def alternatives(expression: str) -> list[str]:
    """The halves of `(this) or (that)`, of which one would answer for both."""
    return expression.removeprefix("(").removesuffix(")").split(EITHER) if EITHER in expression else [expression]


def labels_of(expression: str) -> Iterator[str]:
    """Queries for series that have the labels that are selected by: of a wrong label `or 0` would hide the silence."""
    for metric, selector in re.findall(r"(\w+)\{([^}]*)\}", expression):
        for label in re.findall(r'(\w+)(?:=|!=|=~|!~)"', selector):
            yield f'{metric}{{{label}!=""}}'


def always(expression: str) -> str:
    """The same with comparisons that say 0 or 1, where an alert's own say nothing unless it fires."""
    return COMPARISON.sub(lambda match: match[1] or f"{match[2]} bool", expression)


def without_stand_ins(expression: str) -> str:
    """What stands in for a series that is not there would hide that its name is wrong."""
    return expression if IS_EMPTY_WHEN_ALL_IS_WELL in expression else expression.replace("or vector(0)", "")
