"""Ports for processes that are started again on the same one."""

import random
import socket

from tests.fixtures.temporal_process import HOST

LISTENING = range(15_000, 30_000)
"""Below those that the system gives to whoever connects, so that none is taken while its process is away."""


def free_ports(count: int) -> list[int]:
    return [it for it in random.sample(LISTENING, 20 * count) if _is_free(it)][:count]


def _is_free(port: int) -> bool:
    with socket.socket() as it:
        try:
            it.bind((HOST, port))
        except OSError:
            return False
    return True
