"""What Schemathesis is told besides the description."""
import re
import uuid
from urllib.parse import unquote

import schemathesis

# Why a request that fits the schemas may be refused all the same: it names what is not there, or
# holds a small language or a token that JSON Schema has no words for.
UNSPOKEN = {
    "bad_filter",  # filter= is a language of its own
    "bad_cursor",  # a cursor is made by the server
    "precondition_failed",  # RFC 9110 13.1: the tag is another
    "key_reused",  # draft-ietf-httpapi-idempotency-key-header 2.6
    "uri_too_long", "head_too_large", "too_large",  # RFC 9110 15.5.14, 15.5.15; RFC 6585 5
    "not_found", "conflict", "forbidden", "unauthenticated",
}
UNSPOKEN_PARAMETERS = {("cursor", "conflict"), ("cursor", "cursor"), ("offset", "conflict"),
                       ("live", "conflict"),  # a stream is asked for by Accept
                       ("fields", "repeated"), ("sort", "repeated"),
                       ("fields", "unknown"), ("sort", "unknown")}  # a field may be hidden from this caller
# of a field: a record that is not there, or a text that no database keeps
UNSPOKEN_FIELDS = {"reference", "unique"}
# What the detail says: $inc goes by where the number stands; the grammar of a format is narrower than
# its pattern; the bounds of a decimal are those of a text; a field may be hidden from this caller.
UNSPOKEN_DETAIL = re.compile(r"would leave its range|must be an http or https URL|must be an e-mail address"
                             r"|must be at (least|most) -?[0-9]+\.[0-9]|U\+0000|has no field |must not be (before|after)"
                             r"|must have at most [0-9]+ digits|must be a decimal number")


@schemathesis.hook
def before_call(context, case, **kwargs):
    """A key that was used for another request is refused; a client makes a new one each time."""
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def is_far_off(error, case):
    """A name behind a reference: the pattern lets any through there."""
    return error.get("parameter") == "fields" and "." in str((case.query or {}).get("fields", ""))


def is_of_the_path(error, case):
    """PUT: the path says a unique field, or should have, and what it says is held to the field's bounds."""
    if case.method != "PUT" or not error.get("pointer", "").startswith("#/"):
        return False
    schemas = case.operation.schema.raw_schema["components"]["schemas"]
    name = case.operation.path.split("/")[-2]
    field = error["pointer"].split("/")[1]
    said = unquote(str(case.path_parameters.get("id", "")))
    optional = set(schemas[f"{name}.create"]["required"]) - set(schemas[f"{name}.replace"]["required"])
    return said.startswith(f"{field}:") or field == "id" or (error.get("code") == "required" and field in optional)


def is_unspoken(problem, case):
    if problem.get("code") in UNSPOKEN:
        return True
    errors = problem.get("errors") or []
    return bool(errors) and all(
        error.get("code") in UNSPOKEN_FIELDS
        or is_far_off(error, case)
        or is_of_the_path(error, case)
        or UNSPOKEN_DETAIL.search(error.get("detail", ""))
        or (error.get("parameter"), error.get("code")) in UNSPOKEN_PARAMETERS
        or error.get("parameter") == "expand"
        for error in errors)


@schemathesis.check
def refused_only_for_what_a_schema_cannot_say(ctx, response, case):
    generation = getattr(case.meta, "generation", None)
    if generation is None or generation.mode.value != "positive" or not 400 <= response.status_code < 500:
        return
    if case.media_type == "application/json-patch+json":
        return  # RFC 6902: what an operation may do depends on the record
    assert is_unspoken(response.json(), case), f"a request that fits its schema is refused: {response.text}"
