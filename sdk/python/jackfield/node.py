"""A node: who we are, what can be called, what happens."""

import atexit
import ctypes
import json
import os
import select
import time
import weakref
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Union

from ._library import CALL_ID_SIZE, LIBRARY, Options, c_text, invoke, json_of, media_of, text_of
from .calls import Call
from .contacts import Contacts, Presence
from .errors import JackfieldError, JackfieldTimeout
from .files import Files
from .texts import Texts

_CLOSED = -13
_open: "weakref.WeakSet[Node]" = weakref.WeakSet()


class Node:
    """Loads a configuration file, or a configuration as a dict, and its plugins. `with` starts it and closes it in the end.

    `texts`, `contacts`, `presence` and `files` are what there is beside calls. `most_events` wait to be taken, more are
    dropped. `base` is where relative paths of a dict begin. Every method raises JackfieldError.
    """

    def __init__(self, config: "Union[str, os.PathLike[str], Dict[str, Any]]", most_events: int = 0,
                 base: "Union[str, os.PathLike[str], None]" = None) -> None:
        self.handle: "Optional[ctypes.c_void_p]" = None
        self.texts, self.contacts, self.presence, self.files = Texts(self), Contacts(self), Presence(self), Files(self)
        made = ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), most_events, None, None)
        if isinstance(config, dict):
            text = json.dumps(config).encode()
            invoke("node_open_text", text, b"configuration", c_text(base), ctypes.byref(options), ctypes.byref(made))
        else:
            invoke("node_open", c_text(config), ctypes.byref(options), ctypes.byref(made))
        self.handle = made
        _open.add(self)

    def start(self) -> None:
        """Goes online. Being offline is no error."""
        invoke("node_start", self.handle)

    def stop(self) -> None:
        """Hangs up and goes offline. Events that wait can still be taken."""
        invoke("node_stop", self.handle)

    def reconfigure(self, config: "Union[str, os.PathLike[str]]") -> None:
        """Calls that begin from now on use that file; if anything is wrong with it, nothing changes."""
        invoke("node_reconfigure", self.handle, c_text(config))

    def close(self) -> None:
        """Stops, and gives everything back. Twice is no error."""
        handle, self.handle = self.handle, None
        if handle is not None:
            LIBRARY.jackfield_node_free(handle)

    @property
    def account(self) -> str:
        return text_of("node_account", self.handle)

    @property
    def device(self) -> str:
        return text_of("node_device", self.handle)

    @property
    def listens_at(self) -> str:
        """Of the first discovery mechanism: "127.0.0.1:4300"; empty if it does not say."""
        return text_of("node_listens_at", self.handle)

    def call(self, peer: str, *, send: "Union[str, Path, None]" = None, play: "Optional[str]" = None,
             record: "Union[str, Path, None]" = None, audio_only: bool = False, both_sides: bool = False,
             overwrite: bool = False) -> Call:
        """Calls an account, or a contact by its name; what is not said is as the configuration says."""
        media = media_of(send, play, record, audio_only, both_sides, overwrite)
        call_id = ctypes.create_string_buffer(CALL_ID_SIZE)
        invoke("call_place", self.handle, c_text(peer), ctypes.byref(media), call_id)
        return Call(self, call_id.value.decode())

    def take_calls(self, most: int = 1, *, send: "Union[str, Path, None]" = None, play: "Optional[str]" = None,
                   record: "Union[str, Path, None]" = None, audio_only: bool = False, both_sides: bool = False,
                   overwrite: bool = False) -> None:
        """From now on calls that come in ring, so many at once, and have these media once they are answered."""
        media = media_of(send, play, record, audio_only, both_sides, overwrite)
        invoke("node_take_calls", self.handle, most, ctypes.byref(media))

    def fileno(self) -> int:
        """Readable when an event waits: a node can be given to select, selectors, and asyncio's add_reader."""
        return LIBRARY.jackfield_event_descriptor(self.handle)

    def next_event(self, timeout: "Optional[float]" = None) -> "Optional[Dict[str, Any]]":
        """The oldest event that waits (timeline.schema.json); None if the node has stopped and all were taken, or was closed.
        TimeoutError."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.handle is not None:
            try:
                return json_of("next_event", self.handle, 0)
            except JackfieldTimeout:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    raise
                self._wait_readable(left)
            except JackfieldError as error:
                if error.status == _CLOSED or self.handle is None:  # by another thread
                    return None
                raise
        return None

    def _wait_readable(self, seconds: "Optional[float]") -> None:
        descriptor = self.fileno()
        if descriptor >= 0:  # or it was closed meanwhile
            select.select([descriptor], [], [], seconds)

    def events(self) -> "Iterator[Dict[str, Any]]":
        """One after the other, until the node has stopped."""
        while (event := self.next_event()) is not None:
            yield event

    def next_call(self, timeout: "Optional[float]" = None) -> "Optional[Call]":
        """The next call that rings here; events before it are passed over. None if the node has stopped. TimeoutError."""
        event = self.next_that("call", "incoming", timeout)
        return None if event is None else Call(self, event["call"], event["detail"])

    def next_that(self, step: str, what: str, timeout: "Optional[float]" = None) -> "Optional[Dict[str, Any]]":
        """The next event of that step with that "what"; those before it are passed over. None if the node has stopped.
        TimeoutError."""
        until = None if timeout is None else time.monotonic() + timeout
        while (event := self.next_event(None if until is None else max(0.0, until - time.monotonic()))) is not None:
            if event["step"] == step and event["detail"].get("what") == what:
                return event
        return None

    def __iter__(self) -> "Iterator[Dict[str, Any]]":
        return self.events()

    def __enter__(self) -> "Node":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "handle", None) is not None:
            self.close()


@atexit.register
def _close_all() -> None:
    """No node may run when the plugins go."""
    for node in list(_open):
        node.close()
