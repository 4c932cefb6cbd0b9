"""Waits that Ctrl-C ends: in slices, between which Python looks for it."""

import time
from typing import Callable, Optional

from .errors import JackfieldTimeout

_SLICE = 0.2  # s


def wait_in_slices(timeout: "Optional[float]", wait: "Callable[[int], None]") -> None:
    """`wait` takes milliseconds and raises JackfieldTimeout."""
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if until is None else min(_SLICE, max(0.0, until - time.monotonic()))
        try:
            return wait(int(left * 1000))
        except JackfieldTimeout:
            if until is not None and time.monotonic() >= until:
                raise
