"""Invented personal data that careless clients send: what the sandbox's dirty events carry.

Nothing here belongs to anybody. Hosts, numbers and addresses come from the ranges kept for examples.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

_Maker = Callable[[], dict[str, Any]]

_FIRST = ("Ishaan", "Kavya", "Tara", "Vihaan", "Ethan", "Grace", "Olivia", "Lucas", "கவின்", "मीरा")
_LAST = ("Nair", "Reddy", "Gupta", "Walker", "Nguyen", "Rossi", "Okafor", "Fischer")
_HOSTS = ("example.com", "example.net", "mail.example.org")
_STREETS = ("Harbour Road", "Mill Lane", "MG Road", "Elm Drive")
_ID_KEYS = ("$device_id", "$ios_ifa", "gaid", "idfa", "android_id", "vendor_id")
_NAME_KEYS = ("$name", "nickname", "player_name", "kid")
_EMAIL_KEYS = ("$email", "guardian_email", "contact_mail")
_SHARES = {
    "address": 0.8,
    "device": 0.6,
    "name": 0.3,
    "email": 0.3,
    "email as key": 0.1,
    "birth date": 0.1,
    "nested": 0.2,
    "link": 0.2,
    "place": 0.2,
}  # of the dirty events, how many carry each kind
_BIRTH_YEARS = {"child": (2016, 2020), "teen": (2010, 2012), "adult": (1970, 2000), "unknown": (1970, 2020)}


@dataclass(slots=True)
class Plants:
    """Adds personal data to the properties of one event, and remembers every text that must not leave."""

    random: Random
    planted: list[str] = field(default_factory=list)

    def add_to(self, properties: dict[str, Any], band: str) -> None:
        """Add keys that no registry lists, and let free text quote personal data."""
        for name, value in properties.items():
            if isinstance(value, str) and " " in value:
                properties[name] = f"{value[:60]} {self._any()}"
        makers: dict[str, _Maker] = {
            "address": lambda: {self._one(("ip", "$ip", "client_ip")): self._keep(self._address())},
            "device": lambda: {self._one(_ID_KEYS): self._keep(self._uuid())},
            "name": lambda: {self._one(_NAME_KEYS): self._keep(self._name())},
            "email": lambda: {self._one(_EMAIL_KEYS): self._keep(self._email())},
            "email as key": lambda: {self._keep(self._email()): True},
            "birth date": lambda: {"date_of_birth": self._keep(self._birth_date(band))},
            "nested": lambda: {"session": {"player": {"notes": [{"body": self._any()}, {"flags": []}]}}},
            "link": self._link,
            "place": self._place,
        }
        for kind, share in _SHARES.items():
            if self.random.random() < share:
                properties.update(makers[kind]())

    def _one(self, names: tuple[str, ...]) -> str:
        return self.random.choice(names)

    def _link(self) -> dict[str, Any]:
        token = self._keep(self._uuid())
        return {"$current_url": f"https://play.example.com/join?invite={token}#session={token}"}

    def _place(self) -> dict[str, Any]:
        where = [round(self.random.uniform(low, high), 7) for low, high in ((8, 48), (68, 96))]
        self.planted += map(str, where)
        return {"$latitude": where[0], "$longitude": where[1]}

    def _keep(self, text: str) -> str:
        self.planted.append(text)
        return text

    def _any(self) -> str:
        makers = (self._email, self._phone, self._card, self._address, self._name, self._street)
        return self._keep(self.random.choice(makers)())

    def _uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def _email(self) -> str:
        random = self.random
        return f"{random.choice(_LAST).lower()}{random.randint(10, 99999)}@{random.choice(_HOSTS)}"

    def _phone(self) -> str:
        random = self.random
        if random.getrandbits(1):
            return f"+91 {random.randint(70000, 99999)} {random.randint(0, 99999):05d}"
        return f"+1 212-555-01{random.randint(0, 99):02d}"

    def _card(self) -> str:
        body = f"400000{self.random.randint(0, 10**9 - 1):09d}"
        doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::2])
        return f"{body}{-(doubled + sum(map(int, body[1::2]))) % 10}"  # passes the Luhn check

    def _address(self) -> str:
        return f"203.0.113.{self.random.randint(1, 254)}"

    def _name(self) -> str:
        return f"{self.random.choice(_FIRST)} {self.random.choice(_LAST)}"

    def _street(self) -> str:
        return f"{self.random.randint(10, 999)} {self.random.choice(_STREETS)}"

    def _birth_date(self, band: str) -> str:
        year = self.random.randint(*_BIRTH_YEARS[band])
        return f"{year}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 28):02d}"
