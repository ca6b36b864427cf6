"""Events from the app to the clean topics: what comes, what becomes of it, and whether the workers keep up."""

from tools.panels.parts import RATE, Dashboard, counts, lines, quantiles, rates, stat

DASHBOARD = Dashboard(
    "flow",
    "What comes in, what becomes of it, and whether the workers keep up with it.",
    {
        "Now": [
            stat(
                "Workers ready",
                "How many worker processes are ready to work. Compare it with how many you started.",
                "short",
                "sum(max by (job, instance) (coppice_worker_ready))",
            ),
            stat(
                "Events in",
                "Raw events judged a second, of all regions.",
                "cps",
                f"sum(rate(coppice_events_in_total[{RATE}]))",
            ),
            stat(
                "Kept",
                "Events a second that may leave, by region. Delivery has a dashboard of its own.",
                "cps",
                f"sum by (region) (rate(coppice_events_kept_total[{RATE}])) > 0",
                "{{region}}",
            ),
            stat(
                "Unread records",
                "Records in Kafka that are not worked off yet, by topic. A few seconds' worth is normal.",
                "short",
                "sum by (topic) (coppice_consumer_lag_records)",
                "{{topic}}",
                red=100_000,
            ),
            stat(
                "Oldest unfinished record",
                "How long the oldest record waits that a worker has taken, by topic. events.raw keeps 24 hours, the "
                "clean topics 7 days.",
                "s",
                "max by (topic) (coppice_oldest_uncommitted_record_age_seconds)",
                "{{topic}}",
                red=43_200,
            ),
        ],
        "What happens to events": [
            rates(
                "Events in, by region",
                "Raw events judged a second. Region none: the record told no region, or could not be read.",
                "coppice_events_in_total",
                "region",
            ),
            rates(
                "Kept, by region and cohort",
                "Events that passed consent and policy. A cohort that should not leave must not be seen here.",
                "coppice_events_kept_total",
                "region",
                "cohort",
            ),
            rates(
                "Counted, by cohort",
                "Events that went into a count instead of leaving (India, children, if the policy says so).",
                "coppice_aggregate_contributions_total",
                "cohort",
            ),
            rates(
                "Dropped, by reason",
                "Events that the person's choice or the law keeps here. This is the product at work, not an error; a "
                "sudden change is worth a question.",
                "coppice_events_dropped_total",
                "reason",
            ),
            rates(
                "Dropped, by cohort",
                "The same events by whom they are about.",
                "coppice_events_dropped_total",
                "cohort",
            ),
            rates(
                "Rejected, by reason",
                "Records that cannot be judged at all: broken or misplaced. Nearly always one backend service sends "
                "something wrong. Their places are in events.rejected.",
                "coppice_events_rejected_total",
                "reason",
            ),
            lines(
                "Lost on the device, an hour",
                "Numbers that Mixpanel's mobile SDKs gave to events that never came, and the gaps that they make: a "
                "burst was more than the device's queue takes. Shown some half an hour late. It is for the app's "
                "engineers: send fewer events, or flush sooner.",
                "short",
                ("sum(increase(coppice_session_events_missing_total[1h]))", "events missing"),
                ("sum(increase(coppice_session_gaps_total[1h]))", "gaps"),
            ),
        ],
        "Kafka": [
            lines(
                "Unread records, by topic",
                "Records between the committed offset and the end. Growing for long: start more workers, up to the "
                "number of partitions.",
                "short",
                ("sum by (topic) (coppice_consumer_lag_records)", "{{topic}}"),
            ),
            lines(
                "Most unread records of one partition",
                "One partition far above the others: a hot key, or a worker that is stuck.",
                "short",
                ("topk(5, max by (topic, partition) (coppice_consumer_lag_records))", "{{topic}} {{partition}}"),
            ),
            lines(
                "Oldest unfinished record, by topic",
                "Age of the oldest record that was taken and not committed. events.raw keeps 24 hours, the clean "
                "topics 7 days; what is older is gone.",
                "s",
                ("max by (topic) (coppice_oldest_uncommitted_record_age_seconds)", "{{topic}}"),
                red=43_200,
            ),
            lines(
                "Committed offset not moving",
                "Seconds since the slowest partition with work last made progress. Above 60 the worker is not ready.",
                "s",
                ("max by (job, instance) (coppice_committed_offset_age_seconds)", "{{job}} {{instance}}"),
                red=60,
            ),
            lines(
                "Records a chunk",
                "Records that are judged in one go. Small chunks mean little traffic; 5,000 means catching up.",
                "short",
                (
                    f"sum(rate(coppice_chunk_records_sum[{RATE}])) / sum(rate(coppice_chunk_records_count[{RATE}]))",
                    "mean",
                ),
                (
                    f"histogram_quantile(0.95, sum by (le) (rate(coppice_chunk_records_bucket[{RATE}])))",
                    "95 %",
                ),
            ),
            quantiles(
                "Seconds to judge a chunk",
                "Processor time of the core. For one event divide by the records of a chunk.",
                "s",
                "coppice_sanitize_seconds",
            ),
            quantiles(
                "Seconds until the broker confirmed a chunk",
                "From handing over a chunk's results until every one is acknowledged. Slow: look at the broker.",
                "s",
                "coppice_produce_seconds",
            ),
            counts(
                "Misrouted keys",
                "Records on another partition than their key's: a publisher hashes keys in another way, and events do "
                "not meet their consent. Must be 0.",
                "coppice_misrouted_keys_total",
                red=1,
            ),
        ],
        "Processes": [
            lines(
                "Ready",
                "1 while a worker is ready. /readyz on the worker says why it is not.",
                "short",
                ("max by (job, instance) (coppice_worker_ready)", "{{job}} {{instance}}"),
            ),
            lines(
                "Starts in half an hour",
                "How often a worker has started again. More than 2: it ends at the same place again and again.",
                "short",
                ("changes(process_start_time_seconds[30m])", "{{job}} {{instance}}"),
                red=3,
            ),
            lines(
                "Processor",
                "Cores in use. A worker uses at most one: more throughput is more workers.",
                "short",
                (f"rate(process_cpu_seconds_total[{RATE}])", "{{job}} {{instance}}"),
            ),
            lines(
                "Memory",
                "Should be flat; a sanitize worker's grows only with the number of profiles.",
                "bytes",
                ("process_resident_memory_bytes", "{{job}} {{instance}}"),
            ),
            lines(
                "Memory, of what the container has",
                "At 1 the kernel kills the process. Nothing is shown where the container has no limit.",
                "percentunit",
                (
                    "process_resident_memory_bytes / on (job, instance) (coppice_memory_limit_bytes > 0)",
                    "{{job}} {{instance}}",
                ),
                red=0.9,
            ),
            lines(
                "File descriptors, of what the system gives",
                "Connections mostly, some 30 to 70 a worker; without a free one it stops itself.",
                "percentunit",
                ("process_open_fds / process_max_fds", "{{job}} {{instance}}"),
                red=0.8,
            ),
        ],
    },
)
