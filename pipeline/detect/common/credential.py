"""What opens an account or a session: JWT, bearer token, session cookie, API key, and a password inside a URL."""

from pipeline.detect.detector import Detector, Kind

_NAMES = (
    "token|access_token|refresh_token|id_token|auth|authorization|session|sessionid|session_id|sid|jsessionid|phpsessid|"
    "connect\\.sid|csrf|csrftoken|xsrf|api_key|apikey|key|secret|client_secret|password|passwd|pwd|pass|otp|code|ticket|"
    "sig|signature|hmac|cookie|jwt|invite|state|nonce"
)
_BARE = "jsessionid|phpsessid|sessionid|session_id|csrftoken|access_token|refresh_token|id_token|api_?key"

DETECTOR = Detector(
    name="credential",
    kind=Kind.CREDENTIAL,
    law="16 CFR 312.2 PI (7), 312.8; DPDP Act 8(5)",
    pattern=(
        r"eyJ[0-9a-z_-]{8}|bearer [0-9a-z._~+/-]{8}"
        rf"|[?&#;](?:{_NAMES})=[^\s&#]"
        rf"|(?:{_BARE})[=:] ?[0-9a-z]"
        r"|[a-z]{2,12}://[^\s/@:]{1,64}:[^\s/@]{1,64}@"
        r"|(?:sk|pk|rk)_(?:live|test)_[0-9a-z]{8}|AKIA[0-9A-Z]{16}|gh[pousr]_[0-9a-z]{16}|AIza[0-9a-z_-]{16}|xox[abprs]-[0-9a-z]"
        r"|-----BEGIN [A-Z ]{0,24}PRIVATE KEY"
    ),
    bounded=False,
    probe=(
        rf"eyJ|bearer |[?&#;](?:{_NAMES})=|(?:{_BARE})[=:]"
        r"|://[^ ]*@|(?:sk|pk|rk)_(?:live|test)_|AKIA|gh[pousr]_|AIza|xox[abprs]-|-----BEGIN"
    ),
    keys=(
        "token",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "authtoken",
        "jwt",
        "bearer",
        "auth",
        "authorization",
        "session",
        "sessionid",
        "sessiontoken",
        "sid",
        "cookie",
        "cookies",
        "setcookie",
        "password",
        "passwd",
        "pwd",
        "passcode",
        "secret",
        "clientsecret",
        "apikey",
        "apisecret",
        "csrf",
        "csrftoken",
        "xsrftoken",
        "otp",
        "mfacode",
        "invitecode",
        "magiclink",
        "privatekey",
        "securityanswer",
        "resettoken",
        "verificationcode",
    ),
    hits=(
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtaWEifQ.c2lnbmF0dXJl",
        "Bearer abcdef1234567890",
        "https://app.example.com/reset?token=4ec9521c#access_token=4ec9521c",
        "https://mia:pa55@example.com/x",
        "Cookie: JSESSIONID=8F2A9C",
        "sk_live_51H8abcdEFGH",
        "?sid=9f8e7d",
        "AKIAIOSFODNN7EXAMPLE",
    ),
    misses=("token", "a key = b", "eyJ", "my password is hard to guess", "the session = fun", "monkey=banana"),
)
