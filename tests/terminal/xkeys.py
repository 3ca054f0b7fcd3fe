"""Keys as a keyboard presses them: the X server's XTEST extension through its C library, so that the time is exact."""

from __future__ import annotations

import ctypes
import time

NO_FOCUS, REVERT_TO_NONE, CURRENT_TIME = 0, 0, 0


class XKeys:
    """One connection to `display`. Times are client time: monotonic, in milliseconds."""

    def __init__(self, display: str) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._test = ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XStringToKeysym.restype = ctypes.c_ulong
        handle = self._x.XOpenDisplay(display.encode())
        assert handle, f"no connection to the X server {display}"
        self._display = ctypes.c_void_p(handle)

    def down(self, key: str) -> float:
        """When it went down. `key` is a keysym's name: space, a, F2, Shift_L."""
        return self._event(key, True)

    def up(self, key: str) -> float:
        return self._event(key, False)

    def tap(self, key: str, ms: float = 40.0) -> None:
        self.down(key)
        time.sleep(ms / 1000)
        self.up(key)
        time.sleep(ms / 1000)

    def hold(self, key: str, ms: float) -> tuple[float, float]:
        """When it went down and up: `ms` apart, as exactly as sleep is."""
        down = self.down(key)
        time.sleep(max(0.0, down + ms - time.monotonic() * 1000) / 1000)
        return down, self.up(key)

    def focus(self, window: int | None) -> None:
        """Gives the keyboard to that window, or to none."""
        target = ctypes.c_ulong(NO_FOCUS if window is None else window)
        self._x.XSetInputFocus(self._display, target, REVERT_TO_NONE, ctypes.c_ulong(CURRENT_TIME))
        self._x.XSync(self._display, 0)

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)

    def _event(self, key: str, down: bool) -> float:
        symbol = self._x.XStringToKeysym(key.encode())
        assert symbol, f"no such key: {key}"
        code = self._x.XKeysymToKeycode(self._display, ctypes.c_ulong(symbol))
        now = time.monotonic() * 1000
        self._test.XTestFakeKeyEvent(self._display, ctypes.c_uint(code), int(down), ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)
        return now
