"""How both emulators are patched: with functions that are given the one they stand in for."""

import functools
import importlib.metadata
import re


def made_for(package, version):
    """Refuses another version: a patch reaches into code that nobody promised to keep."""
    found = importlib.metadata.version(package)
    if found != version:
        raise SystemExit(f"the patches are made for {package} {version}, not {found}")


def patch(owner, *names):
    """Puts a function in the place of others; it is called with the old one before the arguments.

    Tables of functions in a module, by which calls are found, are changed too.
    """

    def put(function):
        for name in names:
            old = getattr(owner, name)

            @functools.wraps(old)
            def new(*arguments, _old=old, **named):
                return function(_old, *arguments, **named)

            for table in vars(owner).values():
                if type(table) is dict:
                    for key in [key for key, value in table.items() if value is old]:
                        table[key] = new
            setattr(owner, name, new)
        return function

    return put


def insert(body, marker, text):
    """Puts text behind the first place of a marker; the body stays what it was, text or bytes."""
    if isinstance(body, (bytes, bytearray)):
        return insert(bytes(body).decode(), marker, text).encode()
    return body.replace(marker, marker + text, 1)


def replace_element(text, name, element):
    """Puts an element in the place of the one of its name, which may be there or not."""
    return re.sub(f"<{name}\\s*/>|<{name}>.*?</{name}>", "", text, flags=re.DOTALL) + element


def lower(truth):
    """Writes a truth as XML and JSON do."""
    return str(bool(truth)).lower()
