"""Who we are towards Mixpanel: one project and one service account for each region."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import PREFIX, RegionMixpanelSettings, Settings
from pipeline.ops.settings_names import env_name

if TYPE_CHECKING:
    from mixpanel import ServiceAccountCredentials

# https://docs.mixpanel.com/docs/privacy/in-residency
INGESTION_HOST: Mapping[str, str] = MappingProxyType({"us": "api.mixpanel.com", "in": "api-in.mixpanel.com"})
# https://docs.mixpanel.com/reference/raw-event-export
EXPORT_HOST: Mapping[str, str] = MappingProxyType({"us": "data.mixpanel.com", "in": "data-in.mixpanel.com"})
# https://docs.mixpanel.com/reference/gdpr-api
APPLICATION_HOST: Mapping[str, str] = MappingProxyType({"us": "mixpanel.com", "in": "in.mixpanel.com"})
HTTPS_PORT = 443
OF_ACCOUNT = "the service account's secret"
BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1; anything else could not be sent


@dataclass(frozen=True, slots=True)
class MixpanelProject:
    """All that an import into one region's project needs, as it was at the start; `ServiceAccount` is as it is now.

    host, export_host: base addresses without a final slash. secret_file: where the account's secret came from, if not
    from a setting itself.
    """

    region: str
    host: str
    project_id: str
    token: str = field(repr=False)
    credentials: "ServiceAccountCredentials"
    export_host: str = ""
    secret_file: Path | None = None


@dataclass(frozen=True, slots=True)
class PrivacyAccess:
    """All that the deletion and retrieval API of one region's project needs, but for the bearer token.

    That one is handed out by `bearer` for each use: it belongs to a person, expires after a year, and can only be
    renewed by hand (https://docs.mixpanel.com/docs/privacy/end-user-data-management).
    """

    region: str
    app_host: str
    token: str = field(repr=False)
    compliance_type: str
    bearer_secret: str = field(repr=False)
    bearer_file: Path | None

    def bearer(self) -> str | None:
        """Return the bearer token as it is now; None where there is none that could be sent."""
        secret = self.bearer_secret
        if self.bearer_file is not None:
            try:
                secret = read_secret(self.bearer_file, setting_name(self.region, "privacy_token_file"), "the token")
            except ConfigError:
                return None
        return secret if BEARER.fullmatch(secret) else None


def privacy_access(settings: Settings, region: str) -> PrivacyAccess | None:
    """Return the access to a region's deletion and retrieval API; None for a region without a project here.

    Raises `ConfigError` for an application host that is not this region's own. A missing bearer token is no reason
    not to start: what does not need it goes on, and `bearer` tells.
    """
    project = region_settings(settings, region)
    token = project.token.get_secret_value().strip() if project.token else ""
    if not token:
        return None
    secret = project.privacy_token.get_secret_value().strip() if project.privacy_token else ""
    return PrivacyAccess(
        region=region,
        app_host=_checked_host(project.app_host, region, "app_host", APPLICATION_HOST[region]),
        token=token,
        compliance_type=project.compliance_type,
        bearer_secret=secret,
        bearer_file=project.privacy_token_file,
    )


def require_mixpanel(settings: Settings, region: str) -> MixpanelProject:
    """Return the project of `region` (`us` or `in`), complete and safe to send to.

    Raises `ConfigError` that names every missing setting; also for a host that is not this region's own, and
    for `http://`. Both are allowed on loopback, where the stand-in lives.
    """
    project = region_settings(settings, region)
    token = project.token.get_secret_value().strip() if project.token else ""
    user, secret = _account(project, region)
    needed = {
        "project_id": project.project_id,
        "token": token,
        "service_account_user": user,
        "service_account_secret": secret,
    }
    missing = [setting_name(region, name) for name, value in needed.items() if not value]
    if missing:
        also = f" (or {setting_name(region, 'service_account_secret_file')})" if not secret else ""
        raise ConfigError(f"Mixpanel region {region} is not configured: set {', '.join(missing)}{also}")
    from mixpanel import ServiceAccountCredentials  # noqa: PLC0415  # 0.2 s that only who signs requests needs to spend

    project_id = project.project_id or ""
    return MixpanelProject(
        region=region,
        host=_checked_host(project.host, region, "host", INGESTION_HOST[region]),
        project_id=project_id,
        token=token,
        credentials=ServiceAccountCredentials(username=user, secret=secret, project_id=project_id),
        export_host=_checked_host(project.export_host, region, "export_host", EXPORT_HOST[region]),
        secret_file=project.service_account_secret_file,
    )


def region_settings(settings: Settings, region: str) -> RegionMixpanelSettings:
    """Return the settings of one region's project. Raises `ConfigError` for a region that there is not."""
    if region not in INGESTION_HOST:
        raise ConfigError(f"unknown region {region!r}; valid: {', '.join(INGESTION_HOST)}")
    return settings.mixpanel.us if region == "us" else settings.mixpanel.in_


def setting_name(region: str, name: str) -> str:
    """Return the environment's name of one setting of a region's project."""
    return env_name(PREFIX, ("mixpanel", region, name))


def _account(project: RegionMixpanelSettings, region: str) -> tuple[str, str]:
    user = (project.service_account_user or "").strip()
    if project.service_account_secret is not None:
        return user, project.service_account_secret.get_secret_value().strip()
    path = project.service_account_secret_file
    return read_account(path, region, user) if path is not None else (user, "")


def read_account(path: Path, region: str, user: str) -> tuple[str, str]:
    """Return user name and secret out of a service account's file; `user` where the file holds the secret alone.

    A new secret at Mixpanel is a new account with a name of its own
    (https://docs.mixpanel.com/reference/service-accounts), so the file may hold both, a line each, and both change at
    once. Raises `ConfigError` for a file that cannot serve.
    """
    name = setting_name(region, "service_account_secret_file")
    match [line.strip() for line in read_secret(path, name, OF_ACCOUNT).splitlines() if line.strip()]:
        case [secret]:
            return user, secret
        case [named, secret]:
            return named, secret
    raise ConfigError(f"{name}: {path} must hold {OF_ACCOUNT}, or user name and secret on a line each")


def read_secret(path: Path, name: str, what: str) -> str:
    """Return what a secret's file holds, without space around it. name: of the setting; what: it must hold.

    Raises `ConfigError` for a file that cannot be read, is empty or is no text.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ConfigError(f"{name}: {path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: {path} is not UTF-8 text") from None
    if not secret:
        raise ConfigError(f"{name}: {path} is empty; it must hold {what}")
    return secret


def _checked_host(address: str, region: str, setting: str, expected: str) -> str:
    name = setting_name(region, setting)
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise ConfigError(f"{name} is not an address; valid: https://{expected}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or _has_more(parts):
        raise ConfigError(f"{name} must be a scheme and a host only; valid: https://{expected}")
    if is_loopback(parts.hostname):
        return f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https":
        raise ConfigError(f"{name} must use https outside of loopback; valid: https://{expected}")
    if parts.hostname != expected or port not in {None, HTTPS_PORT}:
        raise ConfigError(f"{name} is {parts.hostname!r}, not the host of region {region}; valid: https://{expected}")
    return f"https://{expected}"


def _has_more(parts: SplitResult) -> bool:
    """True if the address carries user information (which may be a secret), a path, a query or a fragment."""
    return "@" in parts.netloc or parts.path not in {"", "/"} or bool(parts.query or parts.fragment)


def is_loopback(host: str) -> bool:
    """True if the host is this machine, where stand-ins live."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
