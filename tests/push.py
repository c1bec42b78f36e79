"""A feed that pushes its events, signed as the program wants them (docs/api.md)."""
import base64
import hashlib
import hmac
import json
import time

PUSH_MAPPING = """\
feed: push
format: json-events
interval: 1h
person_scope: sample
facility: {id: push, name: Sample City Jail, timezone: America/Denver}
columns: {event_id: id, person: [person], booking: [booking], surname: last, given: first, event: what, occurred_at: when, corrects: takes_back}
"""


def event(number, what, person="7", **more):
    return {"id": number, "person": person, "booking": f"b{person}", "what": what, "last": "POPLAR", "first": "WREN",
            "when": "2025-05-06T10:00:00-06:00", **more}


def signed(secret, key, body, now=None):
    """The headers of a body that is pushed."""
    stamp = str(int(now or time.time()))
    mac = hmac.new(base64.b64decode(secret), f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"Idempotency-Key": key, "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode(), "Content-Type": "application/json"}


def push_events(server, secret, key, events, now=None):
    """Gives (status, body, headers) of the answer."""
    body = json.dumps(events).encode()
    return server.request("POST", "/v1/feeds/push/events", body, signed(secret, key, body, now))


def add_push_feed(site, folder):
    """Gives the feed's secret."""
    mapping = folder / "push.yaml"
    mapping.write_text(PUSH_MAPPING, encoding="utf-8")
    site.run("feed", "add", mapping)
    return site.run("feed", "secret", "push").stdout.strip().removeprefix("whsec_")
