"""Setting faults and looking around over HTTP, for tests whose programs are other processes.

Answers on loopback only, to requests that name a loopback host and speak JSON: no web page can use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from fedisched.sandbox.faults import Armed, Fault, Faults
from fedisched.sandbox.log import RequestLog
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.statuses import status_json
from fedisched.sandbox.store import Store
from fedisched.sandbox.wire import Call, Handle, Reply, Route, answer, refusal


@dataclass(slots=True)
class Control:
    """The switches."""

    store: Store
    rules: Rules
    faults: Faults
    log: RequestLog

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/sandbox/state", _on_loopback(self.state)),
            Route("POST", "/sandbox/faults", _on_loopback(self.add_fault)),
            Route("DELETE", "/sandbox/faults", _on_loopback(self.clear_faults)),
            Route("POST", "/sandbox/faults/{number}/release", _on_loopback(self.release)),
            Route("PUT", "/sandbox/rules", _on_loopback(self.set_rules)),
        )

    def state(self, call: Call) -> Reply:
        """What is published, what is in place, what arrived."""
        records = self.store.records.values()
        return answer(
            {
                "statuses": [status_json(one, self.store, self.store.origin) for one in self.store.statuses.values()],
                "records": [{"uri": one.uri, "cid": one.cid, "value": one.value} for one in records],
                "faults": [_fault_json(number, armed) for number, armed in enumerate(self.faults.all())],
                "rules": asdict(self.rules) | {"key_seconds": str(self.rules.key_seconds)},
                "requests": [asdict(seen) for seen in self.log.all()],
            }
        )

    def add_fault(self, call: Call) -> Reply:
        """Put a fault in place: a `Fault` as JSON. Answers with its number."""
        try:
            fault = Fault.from_json(call.form)
        except (TypeError, ValueError) as wrong:
            raise refusal(f"Not a fault: {wrong}") from wrong
        self.faults.add(fault)
        return answer({"number": len(self.faults.all()) - 1}, 201)

    def clear_faults(self, call: Call) -> Reply:
        self.faults.clear()
        return answer({})

    def release(self, call: Call) -> Reply:
        armed = self.faults.all()
        number = call.parts["number"]
        if not number.isdigit() or int(number) >= len(armed):
            raise refusal("No such fault", 404)
        armed[int(number)].release()
        return answer({})

    def set_rules(self, call: Call) -> Reply:
        """Change some rules: an object with their new values."""
        for name, value in call.form.items():
            old = getattr(self.rules, name, None)
            if old is None or not isinstance(value, float | int if isinstance(old, float) else type(old)):
                raise refusal(f"Not a rule: {name} = {value!r}")
            setattr(self.rules, name, value)
        return answer({})


def _fault_json(number: int, armed: Armed) -> dict[str, Any]:
    return {
        "number": number,
        **asdict(armed.fault),
        "matches": armed.matches,
        "struck": armed.struck.is_set(),
        "settled": armed.settled.is_set(),
    }


def _on_loopback(handle: Handle) -> Handle:
    def guarded(call: Call) -> Reply:
        host = call.headers.get("host", "").rpartition(":")[0].strip("[]")
        is_json = call.headers.get("content-type", "").startswith("application/json")
        if not _is_loopback(call.peer) or not (host == "localhost" or _is_loopback(host)):
            raise refusal("Only from this machine", 403)
        if call.method in ("POST", "PUT") and call.body and not is_json:
            raise refusal("Only in JSON", 415)
        return handle(call)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
