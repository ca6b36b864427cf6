"""Who we are towards Mixpanel: one project and one service account for each region."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from mixpanel import ServiceAccountCredentials

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import PREFIX, RegionMixpanelSettings, Settings
from pipeline.ops.settings_names import env_name

# https://docs.mixpanel.com/docs/privacy/in-residency
INGESTION_HOST: Mapping[str, str] = MappingProxyType({"us": "api.mixpanel.com", "in": "api-in.mixpanel.com"})
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class MixpanelProject:
    """All that an import into one region's project needs. `host` is a base address without a final slash."""

    region: str
    host: str
    project_id: str
    token: str = field(repr=False)
    credentials: ServiceAccountCredentials


def require_mixpanel(settings: Settings, region: str) -> MixpanelProject:
    """Return the project of `region` (`us` or `in`), complete and safe to send to.

    Raises `ConfigError` that names every missing setting; also for a host that is not this region's own, and
    for `http://`. Both are allowed on loopback, where the stand-in lives.
    """
    if region not in INGESTION_HOST:
        raise ConfigError(f"unknown region {region!r}; valid: {', '.join(INGESTION_HOST)}")
    project: RegionMixpanelSettings = settings.mixpanel.us if region == "us" else settings.mixpanel.in_
    token = project.token.get_secret_value().strip() if project.token else ""
    user = (project.service_account_user or "").strip()
    secret = _secret(project, region)
    needed = {
        "project_id": project.project_id,
        "token": token,
        "service_account_user": user,
        "service_account_secret": secret,
    }
    missing = [_env(region, name) for name, value in needed.items() if not value]
    if missing:
        also = f" (or {_env(region, 'service_account_secret_file')})" if not secret else ""
        raise ConfigError(f"Mixpanel region {region} is not configured: set {', '.join(missing)}{also}")
    project_id = project.project_id or ""
    return MixpanelProject(
        region=region,
        host=_checked_host(project.host, region),
        project_id=project_id,
        token=token,
        credentials=ServiceAccountCredentials(username=user, secret=secret, project_id=project_id),
    )


def _env(region: str, name: str) -> str:
    return env_name(PREFIX, ("mixpanel", region, name))


def _secret(project: RegionMixpanelSettings, region: str) -> str:
    if project.service_account_secret is not None:
        return project.service_account_secret.get_secret_value().strip()
    path = project.service_account_secret_file
    return _read_secret(path, _env(region, "service_account_secret_file")) if path is not None else ""


def _read_secret(path: Path, name: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ConfigError(f"{name}: {path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: {path} is not UTF-8 text") from None
    if not secret:
        raise ConfigError(f"{name}: {path} is empty; it must hold the service account's secret")
    return secret


def _checked_host(address: str, region: str) -> str:
    name = _env(region, "host")
    expected = INGESTION_HOST[region]
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise ConfigError(f"{name} is not an address; valid: https://{expected}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or _has_more(parts):
        raise ConfigError(f"{name} must be a scheme and a host only; valid: https://{expected}")
    if _is_loopback(parts.hostname):
        return f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https":
        raise ConfigError(f"{name} must use https outside of loopback; valid: https://{expected}")
    if parts.hostname != expected or port not in {None, HTTPS_PORT}:
        raise ConfigError(
            f"{name} is {parts.hostname!r}, not the ingestion host of region {region}; valid: https://{expected}"
        )
    return f"https://{expected}"


def _has_more(parts: SplitResult) -> bool:
    """True if the address carries user information (which may be a secret), a path, a query or a fragment."""
    return "@" in parts.netloc or parts.path not in {"", "/"} or bool(parts.query or parts.fragment)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
