"""Damage to input files. Every input follows from its kind and a number, so that a failure can be repeated."""

import random
import re

NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
WORD = re.compile(rb"[A-Za-z_][\w-]*")

#: Tokens that have ended programs: limits of types, values that are no numbers, other spellings of numbers.
TOKENS = [
    b"0", b"-1", b"1", b"2", b"-0.0", b"1e999", b"-1e308", b"1e-320", b"nan", b"-inf", b"99999999999999999999",
    b"1000000000000", b"4294967296", b"2147483648", b"0x10", b"1_0", b"1.5d-3", b"1.5-103", b"1e", b"", b"true", b"[]",
    b"[1, 2]", b'"x"', b"\xc3\xa9", b"\x00", b"Na", b"C", b"1e12", b"1e-12", b"-5",
]  # fmt: skip
#: Factors that leave a number plausible, so that the input gets past its reader.
FACTORS = (0.5, 0.9, 1.0001, 1.1, 2.0, 10.0, -1.0)


def gentle(content, rng):
    """Return the content with one to three numbers scaled: most of these inputs are read, built and bound."""
    for _ in range(rng.randint(1, 3)):
        places = list(NUMBER.finditer(content))
        if not places:
            break
        place = rng.choice(places)
        text = place[0].decode()
        scaled = float(text) * rng.choice(FACTORS)
        whole = "." not in text and "e" not in text.lower() and abs(scaled) < 1e15
        content = content[: place.start()] + repr(round(scaled) if whole else scaled).encode() + content[place.end() :]
    return content


def harsh(content, rng):
    """Return the content with one to four pieces of damage to bytes, tokens or lines."""
    for _ in range(rng.randint(1, 4)):
        content = rng.choice(DAMAGE)(content, rng)
    return content


def _byte(content, rng):
    at = rng.randrange(len(content) + 1)
    return content[:at] + bytes([rng.randrange(256)]) + content[at + rng.randint(0, 1) :]


def _cut(content, rng):
    at = rng.randrange(len(content) + 1)
    return content[:at] if rng.random() < 0.5 else content[:at] + content[at + rng.randint(1, 40) :]


def _token(pattern):
    def damage(content, rng):
        places = list(pattern.finditer(content))
        if not places:
            return content
        place = rng.choice(places)
        token = rng.choice(TOKENS) if rng.random() < 0.7 else rng.choice(places)[0]
        return content[: place.start()] + token + content[place.end() :]

    return damage


def _lines(content, rng):
    lines = content.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    action = rng.randrange(5)
    if action == 0:
        del lines[a]
    elif action == 1:
        lines.insert(a, lines[b])
    elif action == 2:
        lines[a], lines[b] = lines[b], lines[a]
    elif action == 3:
        lines.insert(a, rng.choice([b"", b"#", b" " * 300, b"[[", b"]", b"\t", b"=", b"key = 1"]))
    else:
        lines[a] = lines[a] + b" " + rng.choice(TOKENS)
    return b"\n".join(lines)


def _whole(content, rng):
    return rng.choice(
        [
            lambda: content.replace(b"\n", b"\r\n"),
            lambda: content.replace(b"\n", b"\r"),
            lambda: b"\xef\xbb\xbf" + content,
            lambda: content + content,
            content.upper,
            lambda: b"",
        ]
    )()


DAMAGE = [_byte, _cut, _token(NUMBER), _token(NUMBER), _token(WORD), _lines, _lines, _whole]


def mutated(content, kind, number):
    """Return the input with this number: even ones are damaged gently, odd ones harshly."""
    rng = random.Random(f"{kind} {number}")
    return (harsh if number % 2 else gentle)(content, rng)


def overwritten(content, kind, number):
    """Return the input with this number: some bytes have other values, and some inputs end early."""
    rng = random.Random(f"{kind} {number}")
    made = bytearray(content)
    for _ in range(rng.randint(1, 3 if number % 2 == 0 else 12)):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made[: rng.randrange(len(made))] if rng.random() < 0.1 else made)
