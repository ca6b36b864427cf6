"""What people ask for, the keys behind their pseudonyms, and counts of children."""

from tools.panels.parts import Dashboard, lines, rates, stat

DASHBOARD = Dashboard(
    "rights",
    "Erasures, exports and withdrawals; keys; counts that leave in place of Indian children's events.",
    {
        "Now": [
            stat(
                "Open requests",
                "Privacy requests that are not answered, by kind.",
                "short",
                "sum by (kind) (coppice_privacy_open_requests)",
                "{{kind}}",
            ),
            stat(
                "Oldest open request",
                "The law gives 30 days; 25 raise an alert. What the law keeps for a year in India does not count.",
                "s",
                "max(coppice_privacy_oldest_open_request_age_seconds)",
                red=2_160_000,
            ),
            stat(
                "Waiting for somebody",
                "Regions whose erasures and exports cannot go on, and why; none is shown while all is well.",
                "short",
                "max by (region, why) (coppice_rights_halted) > 0",
                "{{region}} {{why}}",
                red=1,
            ),
            stat(
                "Oldest key",
                "Age of the oldest key version in force. 400 days raise an alert.",
                "s",
                "max(coppice_key_age_seconds)",
                red=34_560_000,
            ),
        ],
        "Requests": [
            lines(
                "Steps on record, by kind and state",
                "What was reached in five minutes. failed: Mixpanel gave a task up, it is submitted again.",
                "short",
                (
                    "sum by (kind, state) (increase(coppice_privacy_requests_total[5m])) > 0",
                    "{{kind}} {{state}}",
                ),
            ),
            lines(
                "Open requests, by kind",
                "Requests that are not answered. Mixpanel needs up to 30 days for an erasure.",
                "short",
                ("sum by (kind) (coppice_privacy_open_requests)", "{{kind}}"),
            ),
            lines(
                "Age of the oldest open request",
                "Since it was received, or since the law let go of its data.",
                "s",
                ("max(coppice_privacy_oldest_open_request_age_seconds)", "oldest"),
                red=2_160_000,
            ),
            lines(
                "Waiting for somebody, by cause",
                "1 while erasures and exports of a region cannot go on. no_token, unauthorized, forbidden: the OAuth "
                "token. refused: Mixpanel does not take one batch.",
                "short",
                ("max by (region, why) (coppice_rights_halted)", "{{region}} {{why}}"),
                red=1,
            ),
        ],
        "Keys": [
            lines(
                "Age of the keys in force",
                "A key is replaced once a year (coppice keys new). A new one takes effect without a restart.",
                "s",
                ("max by (region, name) (coppice_key_age_seconds)", "{{region}} {{name}}"),
                red=34_560_000,
            ),
        ],
        "Ledger": [
            lines(
                "Faults, by kind",
                "What was wrong when the auditor last looked (coppice auditor). Must be 0: hole and behind are records "
                "without a decision, broken and head are receipts that were changed or taken out.",
                "short",
                ("max by (kind) (coppice_ledger_faults)", "{{kind}}"),
                red=1,
            ),
            lines(
                "Last look",
                "Seconds since the auditor last came to a verdict. Without an auditor no line.",
                "s",
                ("time() - max(coppice_ledger_verified_timestamp_seconds > 0)", "since"),
                red=7_200,
            ),
        ],
        "Counts in place of children's events": [
            lines(
                "Windows open",
                "Windows that still take contributions. 0 unless the policy counts (india_child.mode).",
                "short",
                ("sum(coppice_aggregate_windows_open)", "windows"),
            ),
            lines(
                "Overdue",
                "Seconds since the oldest window that is not counted yet could have been.",
                "s",
                ("max(coppice_aggregate_overdue_seconds)", "oldest"),
                red=3_600,
            ),
            rates(
                "Cells of closed windows",
                "below_k: the group was too small to be sent, which is the point.",
                "coppice_aggregate_cells_total",
                "fate",
            ),
            lines(
                "Contributions that no count has",
                "late: they came after their window was closed. unreadable: they are none of ours.",
                "short",
                ("sum by (why) (coppice_aggregate_ignored_records)", "{{why}}"),
                red=1,
            ),
        ],
    },
)
