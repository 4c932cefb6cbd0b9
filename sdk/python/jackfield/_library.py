"""libjackfield, opened once, with the types of its functions (jackfield.h)."""

import ctypes
import json
import os
from pathlib import Path

from .errors import error_of

AUDIO_ONLY, BOTH_SIDES, OVERWRITE = 1, 2, 4
CALL_ID_SIZE, TEXT_ID_SIZE = 17, 65


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
_CALL = _FILE = _PEER = [_NODE, _TEXT]
_JSON = ctypes.POINTER(ctypes.c_void_p)

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
    "next_event": [_NODE, _INT, _JSON],
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
    "call_rotate": [*_CALL, ctypes.c_uint32],
    "call_statistics": [*_CALL, _JSON],
    "call_transfer": [*_CALL, _TEXT],
    "call_join": [*_CALL, _TEXT],
    "call_follow": [*_CALL, _MEDIA, _TEXT],
    "call_stay": _CALL,
    "text_send": [*_PEER, _TEXT, _TEXT],
    "text_typing": [*_PEER, ctypes.c_int],
    "text_history": [*_PEER, ctypes.c_uint32, _JSON],
    "text_read": _PEER,
    "contact_list": [_NODE, _JSON],
    "contact_add": [_NODE, _TEXT, _TEXT],
    "contact_remove": _PEER,
    "contact_ban": [*_PEER, ctypes.c_int],
    "contact_request": [*_PEER, _TEXT, _TEXT],
    "contact_requests": [_NODE, _JSON],
    "contact_accept": [*_PEER, _TEXT],
    "contact_decline": _PEER,
    "presence_watch": [*_PEER, ctypes.c_int],
    "presence_devices": [*_PEER, _JSON],
    "node_take_files": [_NODE, _INT],
    "file_send": [*_PEER, _TEXT, _TEXT],
    "file_accept": _FILE,
    "file_cancel": _FILE,
    "file_progress": [*_FILE, ctypes.POINTER(_INT), ctypes.POINTER(ctypes.c_uint64)],
    "file_wait": [*_FILE, _INT, _TEXT, ctypes.c_size_t],
}


def _open() -> ctypes.CDLL:
    """JACKFIELD_LIBRARY, a file, or libjackfield.so.1 where the system looks for libraries."""
    library = ctypes.CDLL(os.environ.get("JACKFIELD_LIBRARY", "libjackfield.so.1"))
    for name, arguments in _STATUS_FUNCTIONS.items():
        function = getattr(library, "jackfield_" + name)
        function.argtypes, function.restype = [*arguments, _ERROR], ctypes.c_int32
    library.jackfield_node_free.argtypes, library.jackfield_node_free.restype = [_NODE], ctypes.c_int32
    library.jackfield_event_descriptor.argtypes, library.jackfield_event_descriptor.restype = [_NODE], ctypes.c_int
    library.jackfield_string_free.argtypes, library.jackfield_string_free.restype = [ctypes.c_void_p], None
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


def json_of(name: str, *arguments: object) -> dict:
    """The JSON object that a function hands out."""
    text = ctypes.c_void_p()
    invoke(name, *arguments, ctypes.byref(text))
    try:
        return json.loads(ctypes.string_at(text.value))
    finally:
        LIBRARY.jackfield_string_free(text)


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
