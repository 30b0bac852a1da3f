"""What MiniStack 1.5.33 gets wrong and nobody could live with, mended before it starts.

In a patch of API Gateway every value is text, and AWS keeps it in the type that the property has. MiniStack keeps the
text. The AWS SDKs then cannot read the answer any more, nor any later answer in which the resource stands, and only
`cairn local reset` would help. Lists are another case: their values are added and removed one by one.

The stages of an API key are given as API and stage, and told as one text. MiniStack tells what it was given, which the
SDKs cannot read either; every app of the CDK gives them.
"""

import json

from ministack.services import apigateway_v1

WHOLE_NUMBERS = {"limit", "offset", "burstLimit", "minimumCompressionSize", "timeoutInMillis"}
NUMBERS = {"rateLimit"}
TRUTHS = {"enabled", "apiKeyRequired", "disableExecuteApiEndpoint"}
# Those of a method say whether a parameter is required; those of an integration say where its value comes from.
MAPS_OF_TRUTHS = {"requestParameters"}
TRUTH = {"true": True, "false": False}

as_it_was = apigateway_v1._apply_patch


def apply_patch(target, operations):
    rest = [one for one in operations if not changed_list(target, one)]
    as_it_was(target, rest)
    give_types(target)
    return target


def changed_list(target, operation):
    """Whether the operation was about an item of a list, and has been carried out."""
    kind, text = operation.get("op"), operation.get("value")
    path = operation.get("path", "").lstrip("/").split("/")
    name, inside = path[0], [part.replace("~1", "/").replace("~0", "~") for part in path[1:]]
    items = target.get(name)
    if name == "binaryMediaTypes" and len(inside) == 1:
        change(target.setdefault(name, []), kind, inside[0])
    elif name == "stages" and not inside and text:
        change(target.setdefault("stageKeys", []), kind, text)
    elif name == "apiStages" and not inside and kind in ("add", "remove") and text:
        change(target.setdefault(name, []), kind, api_stage(text))
    elif name == "apiStages" and inside[1:] == ["throttle"] and isinstance(items, list):
        wanted = api_stage(inside[0])
        for stage in items:
            if all(stage.get(key) == wanted[key] for key in wanted):
                stage["throttle"] = json.loads(text) if kind != "remove" and text else {}
    else:
        return False
    return True


def api_stage(text):
    api, _, stage = text.partition(":")
    return {"apiId": api, "stage": stage}


def change(items, kind, item):
    def is_it(other):
        return all(other.get(key) == item[key] for key in item) if isinstance(item, dict) else other == item

    items[:] = [other for other in items if not is_it(other)]
    if kind != "remove":
        items.append(item)


def give_types(value):
    for key, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, str):
            value[key] = typed(key, inner)
        elif key in MAPS_OF_TRUTHS and isinstance(inner, dict):
            value[key] = {name: TRUTH.get(text, text) for name, text in inner.items()}
        else:
            give_types(inner)


def typed(key, text):
    if key in WHOLE_NUMBERS:
        return int(text)
    if key in NUMBERS:
        return float(text)
    return TRUTH.get(text, text) if key in TRUTHS else text


def create_api_key(data):
    stages = [f"{one.get('restApiId')}/{one.get('stageName')}" for one in data.get("stageKeys") or []]
    return key_as_it_was({**data, "stageKeys": stages})


key_as_it_was = apigateway_v1._create_api_key
apigateway_v1._create_api_key = create_api_key
apigateway_v1._apply_patch = apply_patch
