"""libjackfield, opened once, with the types of its functions (jackfield.h)."""

import ctypes
import os
from pathlib import Path

from .errors import error_of

AUDIO_ONLY, BOTH_SIDES, OVERWRITE = 1, 2, 4
CALL_ID_SIZE = 17


class Error(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("status", ctypes.c_int32), ("text", ctypes.c_char * 1024)]


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("most_events", ctypes.c_uint32), ("on_event", ctypes.c_void_p),
                ("user", ctypes.c_void_p)]


class Media(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("send", ctypes.c_char_p),
                ("play", ctypes.c_char_p), ("record", ctypes.c_char_p)]


_NODE, _TEXT, _INT, _ERROR = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(Error)
_MEDIA, _OPTIONS = ctypes.POINTER(Media), ctypes.POINTER(Options)
_CALL = [_NODE, _TEXT]

_STATUS_FUNCTIONS = {
    "node_open": [_TEXT, _OPTIONS, ctypes.POINTER(_NODE)],
    "node_open_text": [_TEXT, _TEXT, _TEXT, _OPTIONS, ctypes.POINTER(_NODE)],
    "node_start": [_NODE],
    "node_reconfigure": [_NODE, _TEXT],
    "node_stop": [_NODE],
    "node_account": [_NODE, _TEXT, ctypes.c_size_t],
    "node_device": [_NODE, _TEXT, ctypes.c_size_t],
    "node_listens_at": [_NODE, _TEXT, ctypes.c_size_t],
    "node_take_calls": [_NODE, ctypes.c_uint32, _MEDIA],
    "next_event": [_NODE, _INT, ctypes.POINTER(ctypes.c_void_p)],
    "call_place": [_NODE, _TEXT, _MEDIA, _TEXT],
    "call_answer": _CALL,
    "call_decline": _CALL,
    "call_hang_up": _CALL,
    "call_hold": [*_CALL, ctypes.c_int],
    "call_mute": [*_CALL, ctypes.c_int],
    "call_pictures": [*_CALL, ctypes.c_int],
    "call_digits": [*_CALL, _TEXT],
    "call_source": [*_CALL, _TEXT],
    "call_state": [*_CALL, ctypes.POINTER(_INT)],
    "call_wait": [*_CALL, _INT, _INT],
}


def _open() -> ctypes.CDLL:
    """JACKFIELD_LIBRARY, a file, or libjackfield.so.1 where the system looks for libraries."""
    library = ctypes.CDLL(os.environ.get("JACKFIELD_LIBRARY", "libjackfield.so.1"))
    for name, arguments in _STATUS_FUNCTIONS.items():
        function = getattr(library, "jackfield_" + name)
        function.argtypes, function.restype = [*arguments, _ERROR], ctypes.c_int32
    library.jackfield_node_free.argtypes, library.jackfield_node_free.restype = [_NODE], ctypes.c_int32
    library.jackfield_event_descriptor.argtypes, library.jackfield_event_descriptor.restype = [_NODE], ctypes.c_int
    library.jackfield_text_free.argtypes, library.jackfield_text_free.restype = [ctypes.c_void_p], None
    library.jackfield_version.argtypes, library.jackfield_version.restype = [], ctypes.c_char_p
    return library


LIBRARY = _open()


def version() -> str:
    """Of libjackfield: "0.1.0"."""
    return LIBRARY.jackfield_version().decode()


def invoke(name: str, *arguments: object) -> None:
    """jackfield_<name>; raises JackfieldError."""
    error = Error(struct_size=ctypes.sizeof(Error))
    status = getattr(LIBRARY, "jackfield_" + name)(*arguments, ctypes.byref(error))
    if status != 0:
        raise error_of(status, error.text.decode("utf-8", "replace"))


def text_of(name: str, *arguments: object) -> str:
    """What a function copies to the caller."""
    text = ctypes.create_string_buffer(4096)
    invoke(name, *arguments, text, len(text))
    return text.value.decode("utf-8", "replace")


def c_text(text: "str | os.PathLike[str] | None") -> "bytes | None":
    if text is None:
        return None
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError("a text with a zero byte in it")
    return encoded


def media_of(send: "str | Path | None", play: "str | None", record: "str | Path | None", audio_only: bool, both_sides: bool,
             overwrite: bool) -> Media:
    flags = AUDIO_ONLY * audio_only | BOTH_SIDES * both_sides | OVERWRITE * overwrite
    return Media(ctypes.sizeof(Media), flags, c_text(send), c_text(play), c_text(record))
