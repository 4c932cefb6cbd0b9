"""What went wrong, as libjackfield says it."""

STATUS_WORDS = {
    -1: "cancelled", -2: "not found", -3: "timeout", -4: "refused", -5: "unreachable", -6: "unauthenticated",
    -7: "bad configuration", -8: "bad input", -9: "busy", -10: "would block", -11: "unsupported", -12: "exhausted",
    -13: "closed", -14: "internal error",
}


class JackfieldError(Exception):
    """A function of libjackfield has failed, or a call has not ended in order.

    `status` is the number of <jackfield/abi/types.h>, `word` its name ("not found"), `text` a sentence in four parts: place,
    problem, where we looked, what would work. A timeout is a TimeoutError, too.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text or STATUS_WORDS.get(status, "unknown status"))
        self.status = status
        self.word = STATUS_WORDS.get(status, "unknown status")
        self.text = text


class JackfieldTimeout(JackfieldError, TimeoutError):
    """It has not happened within the time that was given for it."""


def error_of(status: int, text: str) -> JackfieldError:
    return (JackfieldTimeout if status == -3 else JackfieldError)(status, text)
