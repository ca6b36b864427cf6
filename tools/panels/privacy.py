"""What keeps personal data here: policy, consent, what is withheld, and what ends after consent has ended."""

from tools.panels.parts import Dashboard, Panel, counts, lines, quantiles, rates, stat

_POLICY = Panel(
    "Policy in force",
    "Version and hash of the policy of each worker. All must be the same, except during a roll-out.",
    "short",
    (("max by (job, instance, version, sha256) (coppice_policy_info)", ""),),
    "table",
)

DASHBOARD = Dashboard(
    "privacy",
    "What keeps personal data here: policy and consent in force, what is withheld, and what alarms a privacy officer.",
    {
        "Now": [
            stat(
                "Policies in force",
                "How many different ones. More than 1 only during a roll-out.",
                "short",
                "count(count by (sha256) (coppice_policy_info))",
                red=2,
            ),
            stat(
                "Kill switch",
                "Cohorts that are stopped by the policy settings; none is shown while none is.",
                "short",
                "max by (cohort) (coppice_kill_switch) > 0",
                "{{cohort}}",
                red=1,
            ),
            stat(
                "Age of consent",
                "Seconds since the broker last said how far consent reaches. Above 30 events wait.",
                "s",
                'max(coppice_consent_fresh_age_seconds{job="coppice-sanitize"})',
                red=30,
            ),
            stat(
                "Client defects, last hour",
                "Events with data that the app must not send. It stayed behind.",
                "short",
                "sum(increase(coppice_client_defects_total[1h]))",
                red=1,
            ),
            stat(
                "Withdrawal, 95 %",
                "Seconds from a withdrawal until everything queued of that person is suppressed, over an hour.",
                "s",
                "histogram_quantile(0.95, sum by (le) (rate(coppice_withdrawal_seconds_bucket[1h])))",
                red=30,
            ),
        ],
        "Leak stop": [
            counts(
                "Events with personal data, not sent",
                "What the second look found on the way out, by kind. Must be 0: each one halts its region.",
                "coppice_leak_hits_total",
                "region",
                "kind",
                red=1,
            ),
            lines(
                "Open incidents",
                "Incidents that nobody has closed yet. Clocks of the law run: 6 hours, 72 hours.",
                "short",
                ("max by (region) (coppice_open_incidents)", "{{region}}"),
                red=1,
            ),
            lines(
                "Last canary",
                "Seconds since an invented person's event last came through; it is not sent. Without canaries no line.",
                "s",
                ("time() - max by (region) (coppice_canary_seen_timestamp_seconds > 0)", "{{region}}"),
                red=3_600,
            ),
        ],
        "Policy": [
            _POLICY,
            lines(
                "Kill switch, by cohort",
                "1 for each cohort that the policy settings have stopped (kill_switch). Their events are dropped as "
                "they come, until the settings are changed back.",
                "short",
                ("max by (cohort) (coppice_kill_switch)", "{{cohort}}"),
                red=1,
            ),
            lines(
                "Policy reloads",
                "Changed policy files that were put in force in five minutes, and 1 while a worker cannot use a change "
                "and goes on with the last good policy.",
                "short",
                (
                    "sum by (job, instance) (increase(coppice_policy_reloads_total[5m]))",
                    "{{job}} {{instance}} reloaded",
                ),
                ("max by (job, instance) (coppice_policy_reload_failed)", "{{job}} {{instance}} failed"),
            ),
            rates(
                "Properties stripped, by class",
                "Properties taken off events that were kept. Unregistered: no schema lists them.",
                "coppice_properties_stripped_total",
                "class",
            ),
            counts(
                "Client defects, by class and app version",
                "Events with data that the app must not send. The data stayed behind, but the app collects it: have "
                "that version repaired.",
                "coppice_client_defects_total",
                "class",
                "app_version",
            ),
            rates(
                "Dropped, by reason",
                "Events that the person's choice or the law keeps here.",
                "coppice_events_dropped_total",
                "reason",
            ),
        ],
        "Consent": [
            lines(
                "Consent records in memory",
                "Profiles whose consent a sanitize worker holds; the sum is all profiles, once every partition is "
                "loaded.",
                "short",
                ("sum(coppice_consent_records)", "profiles"),
            ),
            lines(
                "Consent records not applied yet",
                "Near 0 at all times, except right after a start. Events of the partitions concerned wait meanwhile.",
                "short",
                ('max by (instance) (coppice_consent_lag_records{job="coppice-sanitize"})', "{{instance}}"),
            ),
            lines(
                "Age of the broker's last word on consent",
                "How long ago the broker last said how far the consent topic reaches. Above 30 s events wait, for a "
                "withdrawal may be out there.",
                "s",
                ('max by (instance) (coppice_consent_fresh_age_seconds{job="coppice-sanitize"})', "{{instance}}"),
                red=30,
            ),
            counts(
                "Consent records that cannot be read",
                "They grant nothing. Must be 0; otherwise ask the consent service.",
                "coppice_consent_unreadable_total",
                red=1,
            ),
            rates(
                "Changes of consent that end something",
                "Consent records after which queued events of their profile must not leave any more, by reason.",
                "coppice_consent_changes_total",
                "why",
            ),
            quantiles(
                "Seconds until a withdrawal holds",
                "From Kafka's receipt of the record until every suppression is confirmed.",
                "s",
                "coppice_withdrawal_seconds",
            ),
        ],
        "Suppression": [
            rates(
                "Suppressions written",
                "Pseudonyms whose queued events must not leave any more.",
                "coppice_suppressions_total",
            ),
            lines(
                "Suppressions held",
                "Suppressed pseudonyms that a deliver worker knows. They end 30 days after they were written.",
                "short",
                ("max by (job, instance) (coppice_suppressions_held) > 0", "{{job}} {{instance}}"),
            ),
            lines(
                "Age of the broker's last word on suppressions",
                "Above 30 s nothing is sent, for a suppression may be out there.",
                "s",
                (
                    'max by (job, instance) (coppice_suppressions_fresh_age_seconds{job=~"coppice-deliver-.*"})',
                    "{{job}} {{instance}}",
                ),
                red=30,
            ),
            counts(
                "Suppressions that cannot be read",
                "Must be 0. Their pseudonym is suppressed all the same, unless that is what is missing.",
                "coppice_suppressions_unreadable_total",
                red=1,
            ),
        ],
    },
)
