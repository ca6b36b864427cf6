"""Adults' opted-in free text without the identifiers that can be found in it (R21).

What names and addresses it holds cannot be found for certain; that is why the text of minors never gets here.
"""

from pipeline.detect.catalogue import OPAQUE
from pipeline.detect.engine import MASKS, TOKENS, Scan, scan, scan_masked

LIMIT = 120  # characters of free text that may leave
MOST_BYTES = 255  # of a text: Mixpanel cuts a longer one, in the middle of a token as well


def scrub(text: str, *, limit: int = LIMIT) -> str | None:
    """Return the text with every finding replaced by its token, cut to `limit` characters; None if that is not enough.

    A text without findings comes back as it was written. The result is scanned again in all its readings, and None
    says that something was left. Scrubbing the result changes nothing.
    """
    seen = scan(text)
    if not seen.findings:
        return text if cut(text, limit) == text else _checked(cut(text, limit))
    replaced = _replace(seen)
    if replaced is None:
        return None
    result = cut("".join(replaced), limit)
    if "[" in seen.text:  # what else may be a token is for `scan` to say
        return _checked(result)
    masked = "".join([MASKS.get(part, part) for part in replaced])[: len(result)]
    return None if scan_masked(result, masked).findings else result


def _checked(text: str) -> str | None:
    return None if scan(text).findings else text


def _replace(seen: Scan) -> list[str] | None:
    """Return the text in parts, each identifier's token in its place; None if something in it cannot be judged."""
    parts: list[str] = []
    plain, done = seen.text, 0
    for detector, start, end in seen.findings:
        if detector is OPAQUE:
            return None
        if done < start:
            parts.append(plain[done:start])
        parts.append(f"[{detector.name}]")
        done = end
    parts.append(plain[done:])
    return parts


def cut(text: str, limit: int) -> str:
    """Return at most `limit` code points and `MOST_BYTES` bytes of a text; a token goes whole."""
    if not text.isascii():
        limit = min(limit, len(text.encode(errors="surrogatepass")[:MOST_BYTES].decode(errors="ignore")))
    if len(text) <= limit:
        return text
    opened = text.rfind("[", 0, limit)
    token = TOKENS.match(text, opened) if opened >= 0 else None
    return text[:opened] if token is not None and token.end() > limit else text[:limit]
