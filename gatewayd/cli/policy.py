"""`gatewayd policy`: the rules of a site, looked at without a gate."""

import json
import sys
from math import isfinite
from typing import NoReturn

import click

from gatewayd.cli.json_lines import LINE_SIZE_MAX, read_lines
from gatewayd.cli.policy_diff import diff
from gatewayd.cli.policy_explain import explain
from gatewayd.cli.policy_matrix import matrix
from gatewayd.core.certlogic import evaluate_to_json
from gatewayd.core.certlogic_format import Logic, parse
from gatewayd.core.certlogic_values import Failed
from gatewayd.core.words import Json


@click.group()
def policy() -> None:
    """Look at rules without a gate."""


policy.add_command(explain)
policy.add_command(matrix)
policy.add_command(diff)


@policy.command(
    "eval",
    epilog="""\b
Example:
  echo '{"id": 1, "logic": {">=": [{"var": "doses.count"}, 2]}, "data": {"doses": {"count": 2}}}' |
    gatewayd policy eval --batch""",
)
@click.option("--batch", is_flag=True, required=True, help="Evaluate each line of stdin.")
def evaluate_lines(*, batch: bool) -> None:
    """Evaluate CertLogic, the language of status rules (docs/rules.md).

    Each line of stdin is a JSON object: `id` (a text or number), `logic`, `data` (null if missing),
    and maybe `values`, the value sets that EU rules find under external.valueSets. For each line
    one goes out: {"id": ..., "result": ...} or {"id": ..., "error": ...}.
    """
    assert batch
    for line in read_lines(sys.stdin.buffer, LINE_SIZE_MAX):
        click.echo(json.dumps(_answer(line)))


def _answer(line: bytes) -> dict[str, Json]:
    request = _read_request(line)
    if isinstance(request, Failed):
        return {"id": None, "error": request.what}
    name = request.get("id")
    if not isinstance(name, str | int | float | None):
        return {"id": None, "error": '"id" is neither a text nor a number'}
    result = _evaluate(request)
    if isinstance(result, Failed):
        return {"id": name, "error": result.what}
    return {"id": name, "result": result}


def _read_request(line: bytes) -> dict[str, Json] | Failed:
    if len(line) > LINE_SIZE_MAX:
        return Failed(f"the line has more than {LINE_SIZE_MAX} bytes")
    try:
        request = json.loads(line.strip(), parse_constant=_refuse, parse_float=_read_fraction)
    except (ValueError, RecursionError) as error:
        return Failed(f"the line is not JSON: {error}")
    if not isinstance(request, dict):
        return Failed('the line is not an object with "id", "logic" and "data"')
    return request


def _evaluate(request: dict[str, Json]) -> Json | Failed:
    if "logic" not in request:
        return Failed('"logic" is missing')
    logic = parse(request["logic"])
    if not isinstance(logic, Logic):
        return Failed("; ".join(issue.message for issue in logic))
    data = request.get("data") if request.get("values") is None else _with_values(request)
    return data if isinstance(data, Failed) else evaluate_to_json(logic, data)


def _with_values(request: dict[str, Json]) -> Json | Failed:
    """Put value sets where EU rules look for them."""
    data = request.get("data")
    external = data.get("external", {}) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(external, dict):
        return Failed('"values" go under external.valueSets of "data", which has no such place')
    return {**data, "external": {**external, "valueSets": request["values"]}}


def _read_fraction(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _refuse(text)


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number[:20]} is a number that JSON cannot hold")
