"""One comment for each stack and environment, written once and then updated.

A comment is known by a marker in its first line that no reader sees, and is touched only if the
token's own user wrote it: whoever copies the marker keeps their comment.
"""

import urllib.parse

import plans

# What a comment may have on GitHub, in characters.
LIMIT = 65_536


def marker(stack, environment):
    quoted = (urllib.parse.quote(text, safe="/") for text in (plans.place(stack), environment))
    return "<!-- cairn plan of {} in {} -->".format(*quoted)


def body(stack, environment, text, footer):
    whole = f"{marker(stack, environment)}\n{text.rstrip()}\n\n<sub>{footer}</sub>\n"
    if len(whole) > LIMIT:
        # `cairn plan` leaves room; a reader must not take a part for the whole.
        raise ValueError(f"the comment on `{stack}` has {len(whole)} characters, {LIMIT} are allowed")
    return whole


def is_news(entry):
    """Whether a plan is worth a comment where there is none yet."""
    return bool(
        entry["has_changes"] or entry["findings"] or entry["file"] is None or entry["exitcode"] == plans.STOPPED
    )


def put(forge, stack, environment, text, is_worth_a_new_one):
    """Writes it; what was done. A lost answer is met by looking again first."""

    def once():
        mark = marker(stack, environment)
        for comment in forge.comments():
            if comment["author"] == forge.me() and comment["body"].split("\n", 1)[0].strip() == mark:
                if comment["body"].replace("\r\n", "\n").strip() == text.strip():
                    return "unchanged"
                forge.update(comment["id"], text)
                return "updated"
        if not is_worth_a_new_one:
            return "not needed"
        forge.create(text)
        return "created"

    return forge.api.patiently(once)
