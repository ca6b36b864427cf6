"""Clean events to Mixpanel."""

from tools.panels.parts import RATE, Dashboard, counts, lines, quantiles, rates, stat

DASHBOARD = Dashboard(
    "delivery",
    "Clean events on their way to Mixpanel: whether they arrive, how fast, and what Mixpanel answers.",
    {
        "Now": [
            stat(
                "Delivered",
                "Events a second that Mixpanel confirmed, by region.",
                "cps",
                f"sum by (region) (rate(coppice_delivered_events_total[{RATE}])) > 0",
                "{{region}}",
            ),
            stat(
                "Oldest unsent event",
                "How long the oldest event that a deliver worker holds has been waiting, by region. Seconds are "
                "normal; minutes mean that Mixpanel is slow or refuses.",
                "s",
                "max by (region) (coppice_oldest_unsent_event_age_seconds)",
                "{{region}}",
                red=900,
            ),
            stat(
                "Halted",
                "Regions whose delivery has stopped, and why; none is shown while all is well. Offsets are kept.",
                "short",
                "max by (region, why) (coppice_delivery_halted) > 0",
                "{{region}} {{why}}",
                red=1,
            ),
            stat(
                "Refused for good, today",
                "Clean events that will not be delivered. Must be 0: a defect, or a change at Mixpanel.",
                "short",
                "sum(increase(coppice_delivery_rejected_total[1d]))",
                red=1,
            ),
        ],
        "What leaves": [
            rates(
                "Delivered, by region",
                "Events that Mixpanel confirmed. Over time it equals what is kept, less what is refused for good and "
                "what was suppressed meanwhile.",
                "coppice_delivered_events_total",
                "region",
            ),
            lines(
                "Kept and not delivered yet",
                "Difference of the rates at which clean events are made and delivered, over 5 minutes. Around 0.",
                "cps",
                (
                    (
                        "sum by (region) (rate(coppice_events_kept_total[5m])) - "
                        "sum by (region) (rate(coppice_delivered_events_total[5m]))"
                    ),
                    "{{region}}",
                ),
            ),
            lines(
                "Oldest unsent event",
                "Waiting time of the oldest event that is held. It falls once an outage is over.",
                "s",
                ("max by (region) (coppice_oldest_unsent_event_age_seconds)", "{{region}}"),
                red=900,
            ),
            counts(
                "Refused for good, by reason",
                "Clean events that will not be delivered. Must be 0: a defect, or a change at Mixpanel.",
                "coppice_delivery_rejected_total",
                "region",
                "reason",
                red=1,
            ),
            lines(
                "Halted, by cause",
                "1 while nothing is sent to a region. unauthorized, forbidden: Mixpanel refuses the credentials. "
                "residency: what is sent does not arrive. "
                "kill_switch: somebody has stopped it. leak: an incident is open.",
                "short",
                ("max by (region, why) (coppice_delivery_halted)", "{{region}} {{why}}"),
                red=1,
            ),
            lines(
                "Secret unreadable",
                "1 while the file of a service account's secret cannot be used. Delivery goes on with the last good "
                "one; a worker that starts now does not start.",
                "short",
                ("max by (region) (coppice_credentials_unreadable)", "{{region}}"),
                red=1,
            ),
            rates(
                "Not sent, consent ended meanwhile",
                "Clean events that were suppressed before an attempt to send them, by cause.",
                "coppice_suppressed_events_total",
                "region",
                "why",
            ),
            rates(
                "Not sent, cohort stopped meanwhile",
                "Clean events that were queued when the kill switch or the end of a document stopped their cohort.",
                "coppice_stopped_events_total",
                "region",
                "cohort",
            ),
            rates(
                "Not sent, consent ran out meanwhile",
                "Clean events whose consent reached its end, or was outgrown, while they were queued.",
                "coppice_expired_events_total",
                "region",
            ),
        ],
        "Requests": [
            rates(
                "Requests, by status",
                "Answers a second. 2xx is success; error means that no answer came.",
                "coppice_request_seconds_count",
                "region",
                "status_class",
            ),
            quantiles(
                "Seconds of a request",
                "How long Mixpanel takes, by region.",
                "s",
                "coppice_request_seconds",
                "region",
            ),
            lines(
                "Requests in flight",
                "Requests that wait for an answer, and how many may. Always at the limit: Mixpanel is what limits. The "
                "limit falls when Mixpanel asks for less, fails, or takes much longer than before, and rises again.",
                "short",
                ("sum by (region) (coppice_in_flight_requests)", "{{region}}"),
                ("min by (region) (coppice_concurrency_limit)", "{{region}} limit"),
            ),
            rates(
                "Retries, by cause",
                "Requests sent again. rate_limited: we send too fast. unavailable: Mixpanel or the network fails. "
                "not_acknowledged: the answer was not understood.",
                "coppice_retries_total",
                "region",
                "why",
            ),
            rates(
                "Batches, by result",
                "partial: some events refused. split: refused as a whole, tried again in halves. rejected: a single "
                "event that was refused.",
                "coppice_batches_total",
                "region",
                "result",
            ),
            quantiles(
                "Events a request",
                "Full batches mean that there is much to send; small ones that there is little.",
                "short",
                "coppice_batch_events",
            ),
            quantiles(
                "Bytes a request, before compression",
                "The limit is deliver.max_bytes, or less once Mixpanel has answered 413.",
                "bytes",
                "coppice_batch_bytes",
            ),
        ],
    },
)
