"""Words that stand beside an identifier and name it, where more than one detector needs them.

English, Hindi (Devanagari and Latin), Tamil, Telugu, Bengali; lower case, in the form that `normalise` gives, hence
without zero-width joiners.
"""


def word_set(text: str) -> frozenset[str]:
    """The words of a text: a long list stays readable as one."""
    return frozenset(text.split())


PASSPORT = (
    "passport",
    "पासपोर्ट",
    "கடவுச்சீட்டு",
    "பாஸ்போர்ட்",
    "పాస్పోర్ట్",
    "పాస్పోర్టు",
    "পাসপোর্ট",
)
DRIVING_LICENCE = (
    "driving licence",
    "driving license",
    "driver licence",
    "driver license",
    "drivers license",
    "driver's license",
    "driver's",
    "licence",
    "license",
    "dl",
    "ड्राइविंग लाइसेंस",
    "लाइसेंस",
    "ஓட்டுநர் உரிமம்",
    "லைசென்ஸ்",
    "లైసెన్స్",
    "লাইসেন্স",
)
BANK_ACCOUNT = (
    "account",
    "acct",
    "a/c",
    "acc no",
    "bank",
    "ifsc",
    "routing",
    "checking",
    "savings",
    "khata",
    "खाता",
    "खाते",
    "बैंक",
    "अकाउंट",
    "வங்கி",
    "கணக்கு எண்",
    "అకౌంట్",
    "ఖాతా",
    "బ్యాంక్",
    "অ্যাকাউন্ট",
    "ব্যাংক",
    "ব্যাঙ্ক",
)
ADDRESS = (
    "address",
    "live at",
    "lives at",
    "living at",
    "post office",
    "पता",
    "முகவரி",
    "చిరునామా",
    "ঠিকানা",
)
