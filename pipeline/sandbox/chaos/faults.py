"""Every fault that the suite knows: what it does, how long it lasts, and with what it cannot be combined."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from pipeline.sandbox.chaos.scene import MAX_LAG_S, ChaosWorker, Scene
from pipeline.sandbox.chaos.worker import fill_disk, free_disk
from pipeline.sandbox.mixpanel import MixpanelStandIn

ROLES: Final = ("sanitize", "deliver-us", "deliver-in", "rights")
HOUR_S: Final = 3600.0

Inflict = Callable[[Scene, float, Random], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. about: two of the same are not combined; lasts_s: in the long form, scaled by --pace otherwise."""

    name: str
    about: str
    lasts_s: float
    inflict: Inflict


def _one(scene: Scene, role: str, random: Random) -> ChaosWorker:
    return random.choice(scene.workers(role))


def _kill(role: str, number: signal.Signals, scene: Scene, seconds: float, random: Random) -> None:
    """Signal a worker, and after a while of work once more."""
    for _ in range(2):
        _one(scene, role, random).send(number)
        time.sleep(seconds / 2)


def _freeze(role: str, scene: Scene, seconds: float, random: Random) -> None:
    worker = _one(scene, role, random)
    with scene.holding_up():
        worker.send(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            worker.send(signal.SIGCONT)


def _broker_restart(scene: Scene, _seconds: float, _random: Random) -> None:
    scene.broker.restart()


def _broker_kill(scene: Scene, _seconds: float, _random: Random) -> None:
    scene.broker.kill()
    scene.broker.start()


def _broker_silent(scene: Scene, seconds: float, _random: Random) -> None:
    with scene.holding_up():
        scene.broker.pause()
        try:
            time.sleep(seconds)
        finally:
            scene.broker.resume()


def _consent_silent(scene: Scene, seconds: float, random: Random) -> None:
    """Longer than consent may be silent. One broker leads every partition, so that the others are silent with it."""
    _broker_silent(scene, max(seconds, 2 * MAX_LAG_S), random)


def _broker_gone(scene: Scene, seconds: float, _random: Random) -> None:
    with scene.holding_up():
        scene.broker.stop_keep_data()
        time.sleep(seconds)
        scene.broker.start()


def _mixpanel_down(scene: Scene, seconds: float, _random: Random) -> None:
    standins = scene.deployment.standins.values()
    with scene.holding_up():
        for standin in standins:
            standin.down()
        time.sleep(seconds)
        for standin in standins:
            standin.up()


def _fail(standin: MixpanelStandIn, name: str, times: int | None, **variation: Any) -> None:
    """Let a stand-in fail with events and with updates."""
    standin.fail(name, times, **variation)
    standin.fail_profiles(name, times, **variation)


def _mixpanel(names: tuple[str, ...], variation: dict[str, Any], scene: Scene, seconds: float, random: Random) -> None:
    """Let the stand-ins answer so for a while, each request with one of the named faults."""
    standins = scene.deployment.standins.values()
    with scene.holding_up():
        for standin in standins:
            for _ in range(200 if len(names) > 1 else 0):
                _fail(standin, random.choice(names), 1, **variation)
            _fail(standin, names[-1], None, **variation)
        time.sleep(seconds)
        for standin in standins:
            standin.clear_faults()


def _some(name: str, times: int, scene: Scene, seconds: float, _random: Random) -> None:
    """Let the stand-ins answer so to a few requests: without an end, everything would rightly be given up."""
    for standin in scene.deployment.standins.values():
        _fail(standin, name, times)
    time.sleep(seconds)
    for standin in scene.deployment.standins.values():
        standin.clear_faults()


def _partial(scene: Scene, seconds: float, random: Random) -> None:
    """Let Mixpanel refuse some of the events and updates, always the same ones."""
    sign = random.choice("0123456789abcdef")
    for standin in scene.deployment.standins.values():
        standin.refuse(lambda event: str(event["properties"].get("$insert_id", "")).endswith(sign))
        standin.refuse_updates(lambda update: str(update.get("$distinct_id", update.get("$group_id"))).endswith(sign))
    time.sleep(seconds)
    for standin in scene.deployment.standins.values():
        standin.clear_faults()


def _full_disk(scene: Scene, seconds: float, random: Random) -> None:
    """No room for logs and port files, and a worker that has to start without."""
    workers = scene.workers()
    struck = _one(scene, "sanitize", random)
    struck.full = True
    for pid in [worker.pid for worker in workers]:
        _limit(fill_disk, pid)
    struck.send(signal.SIGKILL)
    time.sleep(seconds)
    struck.full = False
    for pid in [worker.pid for worker in workers]:
        _limit(free_disk, pid)


def _limit(limit: Callable[[int], None], pid: int | None) -> None:
    if pid is None:
        return
    try:
        limit(pid)
    except ProcessLookupError:
        return  # it has ended meanwhile


def _clock(role: str, hours: float, scene: Scene, seconds: float, _random: Random) -> None:
    """Set the clocks of a role wrong for a while."""
    workers = scene.workers(role)
    with scene.skewing(hours * HOUR_S):
        for worker in workers:
            worker.clock.set(hours * HOUR_S)
        time.sleep(seconds)
        for worker in workers:
            worker.clock.set(0)


def _join_and_leave(role: str, region: str, scene: Scene, seconds: float, _random: Random) -> None:
    """Two more workers of a role come, one after the other, and leave again."""
    joined = []
    for _ in range(2):
        joined.append(scene.add(role, region))
        time.sleep(seconds / 4)
    for worker in joined:
        time.sleep(seconds / 4)
        scene.remove(worker)


CATALOGUE: Final = (
    *(Fault(f"kill -9 {role}", role, 10, partial(_kill, role, signal.SIGKILL)) for role in ROLES),
    *(Fault(f"SIGTERM {role}", role, 10, partial(_kill, role, signal.SIGTERM)) for role in ROLES),
    *(Fault(f"SIGSTOP {role}", role, 30, partial(_freeze, role)) for role in ROLES),
    Fault("broker restart", "broker", 0, _broker_restart),
    Fault("broker kill -9", "broker", 0, _broker_kill),
    Fault("broker silent", "broker", 60, _broker_silent),
    Fault("broker gone", "broker", 60, _broker_gone),
    Fault("consent silent", "broker", 15, _consent_silent),
    Fault("mixpanel down", "mixpanel", 20, _mixpanel_down),
    Fault("mixpanel slow", "mixpanel", 20, partial(_mixpanel, ("slow",), {"delay_s": 2.0})),
    Fault("429 storm", "mixpanel", 20, partial(_mixpanel, ("rate_limited",), {})),
    Fault("429 storm, Retry-After", "mixpanel", 20, partial(_mixpanel, ("rate_limited",), {"retry_after": "2"})),
    Fault("5xx", "mixpanel", 20, partial(_mixpanel, ("internal_error", "unavailable", "stored_but_500"), {})),
    Fault("HTML answers", "mixpanel", 20, partial(_mixpanel, ("bad_gateway", "html_ok"), {})),
    Fault("reset after body", "mixpanel", 20, partial(_mixpanel, ("reset", "close", "stored_but_closed"), {})),
    Fault("partial failures", "mixpanel", 10, _partial),
    Fault("413 with HTML", "mixpanel", 10, partial(_some, "too_large_html", 3)),
    Fault("400 for the whole batch", "mixpanel", 10, partial(_some, "whole_400", 12)),
    Fault("fewer imported than sent", "mixpanel", 10, partial(_some, "short_count", 6)),
    Fault("full disk", "disk", 15, _full_disk),
    *(
        Fault(f"clock {hours:+g} h {role}", "clock", 10, partial(_clock, role, hours))
        for role in ("sanitize", "deliver", "rights")
        for hours in (-2.0, 2.0)
    ),
    Fault("sanitize joins and leaves", "sanitize", 40, partial(_join_and_leave, "sanitize", "all")),
    Fault("deliver joins and leaves", "deliver-us", 40, partial(_join_and_leave, "deliver", "us")),
)
