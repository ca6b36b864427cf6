"""The page docs/retention.md: in substance the written retention policy that 16 CFR 312.10 wants to be published."""

from collections.abc import Iterable
from textwrap import fill

from pipeline.workers.retention import HoldState, Kind, Store

WIDTH = 118

HEAD = """# What is kept, where, and until when

Every store of a deployment with the shipped settings. 16 CFR 312.10 and DPDP Act s.8(7) allow none without a limit
(R29), and 312.10 asks the operator to publish purposes, need and time limits: this page is the substance of that. It
is made by `coppice retention --markdown`; do not edit it. `coppice retention` shows the same for your own settings.
It is an engineering reading of the rules, not legal advice.
"""

TITLES = {
    Kind.TOPIC: (
        "Topics",
        (
            "Limits are set when `coppice topics create` makes a topic. Kafka deletes whole segments, which are a"
            " twentieth of the limit at most. `coppice topics check`, and every worker before it starts, refuses a"
            " cluster on which one differs, and one with a topic that was made from ours (`events.raw.…`, the changelog"
            " of a group) and keeps its records for ever."
        ),
    ),
    Kind.OFFSETS: ("Positions", "No personal data."),
    Kind.MEMORY: ("Memory", "Read again from the topics at each start; nothing is written to disk."),
    Kind.FILE: ("Files", "What an operator puts beside the processes."),
    Kind.LOG: ("Logs and metrics", "Kept outside of coppice. The rules ask for logs of the processing for a year."),
    Kind.VENDOR: (
        "Mixpanel",
        (
            "The limits are the policy settings `retention.mixpanel_minor_days` and `retention.mixpanel_adult_days`"
            " (J17). Nothing that coppice sends makes Mixpanel keep to them: the operator sees to it there. What one"
            " person's erasure needs, the rights worker does by itself. For Mixpanel's own limits see"
            " https://docs.mixpanel.com/docs/privacy/gdpr-compliance and"
            " https://docs.mixpanel.com/docs/data-governance/data-clean-up."
        ),
    ),
}

HOLD = """## The year for India

DPDP Rules r.8(3) with the Seventh Schedule wants personal data, traffic data and logs of the processing kept for a
year from the processing, then erased, also when the person has asked for erasure; s.8(7) of the Act lets such a law
go first. It concerns what was lawfully processed: an event that was dropped or rejected leaves nothing to keep. No US
law allows the same for anybody in the US, so nothing of the US region is ever held (R30).

| Setting | Value | Meaning (J8) |
|---|---|---|
| `india.hold.from` | {begins} | the day in India from which it is in force |
| `india.hold.scope` | `{scope}` | `logs_only`: receipts, logs; `sent_payload`: and what was sent; `full_raw`: and raw |
| `india.hold.mixpanel_copy` | `{copy}` | `erase_now`: an erasure reaches Mixpanel at once; `hold_365`: after the year |

Before that day nothing is held back. From that day on, the `ledger` and the operator's logs, which live longer than a
year, serve `logs_only`. The other scopes need a vault, which is **not part of coppice**: `coppice retention` ends
with status 1 while the hold is in force, the scope needs a vault, and nobody has said that there is one by setting
`logs_only` here and keeping the rest elsewhere.

### What a vault has to do

It is a process of its own, in India, with its own consumer group, its own keys and its own ACL; no role of coppice
can read it. It consumes `events.clean.in` (scope `sent_payload`) or `events.raw` (scope `full_raw`) as they are, and
`suppressions` for what to seal. As an interface:

```python
class Vault(Protocol):
    async def put(self, person: bytes, source: tuple[str, int, int], value: bytes, processed_ms: int) -> None:
        \"\"\"Return when it is durable under a key of that person alone. The same source twice is one entry.\"\"\"

    async def seal(self, person: bytes) -> None:
        \"\"\"An erasure: from now on only `disclose` can open what is there.\"\"\"

    async def disclose(self, person: bytes, order: str) -> AsyncIterator[bytes]:
        \"\"\"For an order under r.23 only; who, when, and which order are logged before the first byte.\"\"\"

    async def expire(self, now_ms: int) -> int:
        \"\"\"Destroy the keys of everything that is 365 days past its processing; return how many entries went.\"\"\"
```

`person` is the record key of the clean topic, the pseudonym; `source` is topic, partition and offset. `put` is called
before the offset is acknowledged, so nothing that was sent is missing. `expire` runs daily. Tests that a vault should
pass: clock before and after the first day; unreachable from every role of coppice; an erasure leaves the product and
is sealed here; gone at day 365.
"""


def page(found: Iterable[Store], hold: HoldState) -> str:
    """Return the page. It does not depend on the day it is made."""
    by_kind: dict[Kind, list[Store]] = {}
    for store in found:
        by_kind.setdefault(store.kind, []).append(store)
    parts = [HEAD]
    for kind, (title, words) in TITLES.items():
        rows = [f"| `{s.name}` | {s.holds} | {s.limit} | {s.removed_by} | {s.law} |" for s in by_kind[kind]]
        head = "| Store | Holds | Limit | Kept to by | Law |\n|---|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n\n{fill(words, WIDTH, break_on_hyphens=False)}\n", head, *rows]) + "\n")
    parts.append(HOLD.format(begins=hold.begins, scope=hold.scope, copy=hold.mixpanel_copy))
    return "\n".join(parts)
