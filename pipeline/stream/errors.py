"""Failures of the stream room. A wrong setting is `pipeline.ops.errors.ConfigError` instead."""


class DeliveryError(Exception):
    """The broker, or librdkafka before it, refused a record of a batch.

    Set on the batch's future. The caller cannot repair it: it fail-stops the process, the source offsets stay
    uncommitted and the restart repeats the chunk. The text is librdkafka's error code, never part of a
    record.
    """


class LogRewound(Exception):  # noqa: N818 - what happened, not an error of ours
    """A followed topic moved backwards: it was recreated, or its newest records were lost in a failover.

    What was read before may not be in it any more, so none of it may be used. It ends the process; the restart
    reads the topic from the beginning.
    """


class FollowError(Exception):
    """The consumer of a followed topic reports a failure that waiting does not cure. It ends the process.

    The text is librdkafka's error code (an authorisation that was withdrawn, a topic that was deleted, a batch
    that cannot be decoded), never part of a record.
    """
