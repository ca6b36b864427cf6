"""UPI address (virtual payment address): where money reaches a person in India; often a phone number in itself.

Name, `@`, handle of a bank or app, as `rahul99@okhdfcbank`. No dot follows the handle, which tells it from email, and
which email patterns therefore miss. The list of handles grows, so any handle counts; known ones count also with the
sign written apart (`rahul99 at ybl`).
Source: NPCI, UPI procedural guidelines and the published list of handles.
"""

import re

from pipeline.detect.detector import Detector, Kind

_HANDLES = (
    "abfspay|allbank|apl|axisb|axisbank|axl|barodampay|cnrb|dbs|fam|fbl|freecharge|hdfcbank|hsbc|ibl|icici|idbi|idfcbank|"
    "ikwik|indus|jio|jupiteraxis|kotak|mahb|naviaxis|okaxis|okhdfcbank|okicici|oksbi|paytm|pingpay|pnb|pthdfc|ptaxes|"
    "ptsbi|ptyes|rapl|rbl|sbi|sib|slice|superyes|timecosmos|uboi|unionbank|upi|waaxis|wahdfcbank|waicici|wasbi|yapl|"
    "ybl|yesbank|yespay|yesg|zoicici"
)
_ANY_HANDLE = "[a-z][a-z0-9]{1,63}"
_NAME = "[a-z0-9][a-z0-9._-]{1,63}"

DETECTOR = Detector(
    name="upi",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (3); DPDP Act 2(t)",
    # what follows a dot is matched so that `exact` can tell an email address, and refuse it as it does an ABHA address
    pattern=rf"{_NAME}@{_ANY_HANDLE}(?:\.[a-z0-9-]{{1,63}}){{0,4}}|{_NAME}(?:@ | @ ?| ?\(at\) ?| at )(?:{_HANDLES})",
    exact=re.compile(r"[^@ ]+(?: ?@ ?| ?\(at\) ?| at )(?!abdm$|sbx$)[a-z0-9]+", re.IGNORECASE).fullmatch,
    signs=("@", "(at)", " at "),
    keys=("upi", "upiid", "vpa", "upivpa", "upiaddress", "upihandle"),
    # behind a handle without spaces stands no dot with a word, or it is an email address
    probe=(
        r"[a-z0-9._-]@[a-z][a-z0-9]+(?:[^a-z0-9.]|\.[^a-z0-9-]|\.[a-z0-9-]{20})"
        rf"|[a-z0-9._-](?:@ | @ ?| ?\(at\) ?| at )(?:{_HANDLES})[^0-9A-Za-z]"
    ),
    hits=("9876543210@paytm", "ravi.kumar@okhdfcbank", "RAHUL99@YBL", "rahul99 at ybl", "meera_k @ oksbi"),
    misses=("ravi@example.com", "meet me at school", "a@ybl", "@paytm", "gg @ home"),
)
