"""Failures of the consent room. All end the process; its restart reads every state from the beginning."""


class ConsentNotReady(Exception):  # noqa: N818 - a state, and the name that callers read
    """A lookup was asked for a partition that is not followed, or not read to its end yet.

    Judging events against it would take people with consent for people without. A defect of the caller: what
    it may judge with is what `ConsentReader.barrier` returned.
    """


class ConsentLogRewound(Exception):  # noqa: N818
    """The consent topic moved backwards: it was recreated, or its newest records were lost in a failover.

    States that were read before may not be in it any more, so none of them may be used.
    """


class ConsentReadError(Exception):
    """The consumer of the consent topic reports a failure that waiting does not cure.

    The text is librdkafka's error code (an authorisation that was withdrawn, a topic that was deleted, a
    batch that cannot be decoded), never part of a record.
    """
