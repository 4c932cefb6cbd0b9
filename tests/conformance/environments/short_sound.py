"""Writes 0.2 s of silence as WAV to the file that is named, and says so."""

import sys
import wave

with wave.open(sys.argv[1], "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(16000)
    file.writeframes(bytes(2 * 3200))
print(sys.argv[1], "is written", flush=True)
