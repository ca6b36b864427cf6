"""Failures of the stream room. A wrong setting is `pipeline.ops.errors.ConfigError` instead."""


class DeliveryError(Exception):
    """The broker, or librdkafka before it, refused a record of a batch.

    Set on the batch's future. The caller cannot repair it: it fail-stops the process, the source offsets stay
    uncommitted and the restart repeats the chunk. The text is librdkafka's error code, never part of a
    record.
    """
