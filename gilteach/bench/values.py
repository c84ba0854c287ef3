"""What tasks return, in a form that JSON can hold: the bench encodes it, the kernel decodes it and reads no pickles.

What JSON has a form for stays as it is; other plain values become objects such as
``{"python type": "tuple", "value": [1, 2]}``. Of anything else only the repr is sent.
"""

import sys

TYPE = "python type"  # the key that tells such an object from a dict
DEEPEST = 100  # levels of nesting; what is deeper could neither be sent nor saved under every Python
MOST_BITS = 2000  # of a number that is sent in decimal digits; Python can be set to refuse more than 640 of them


class ReprOnly:
    """Stands for something that isn't a plain value: shows its repr, and is equal to nothing but itself.

    Whether two values are equal can't be told from their reprs: those of long arrays leave out the middle.
    """

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return str(self.text)


def encode(value):
    """Return what JSON can hold and `decode` makes the value of again.

    Parameters
    ----------
    value : object
        As it was: None, bool, int, float, complex, str, bytes, bytearray, and tuple, list, set, frozenset and dict of
        such values. NumPy's numbers become Python's. Anything else, subclasses of these types too, becomes a
        `ReprOnly`, as does as a whole what holds itself or is nested more than 100 levels deep.
    """
    try:
        return _encode(value, DEEPEST)
    except RecursionError:
        return _repr_only(value)


def decode(encoded):
    """Return the value that `encode` has encoded.

    Raises
    ------
    ValueError
        If it is nothing that `encode` returns.
    """
    try:
        return _decode(encoded)
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"that was never encoded: {error!r}") from error


def _encode(value, levels):
    """Encode a value that may be nested so many levels deep."""
    kind = type(value)
    if kind is float or kind is bool or value is None:
        return value
    if kind is int:
        return value if value.bit_length() <= MOST_BITS else _object(kind, hex(value))
    if kind is str:
        return value if _is_unicode(value) else _object(kind, [*map(ord, value)])
    if kind is complex:
        return _object(kind, [value.real, value.imag])
    if kind is bytes or kind is bytearray:
        return _object(kind, value.hex())
    if kind is dict:
        return _encode_dict(value, levels)
    if kind in (list, tuple, set, frozenset):
        items = _encode_all(value, levels)
        return items if kind is list else _object(kind, items)
    if _is_number_of_numpy(value) and type(number := value.item()) is not kind:  # a long double gives itself
        return _encode(number, levels)
    return _repr_only(value)


def _encode_all(items, levels):
    if not levels:
        raise RecursionError
    # Of a copy: a thread that the task has left behind may go on changing them.
    return [_encode(item, levels - 1) for item in [*items]]


def _encode_dict(items, levels):
    items = items.copy()
    keys, values = _encode_all(items, levels), _encode_all(items.values(), levels)
    if TYPE not in items and all(type(key) is str for key in keys):
        return dict(zip(keys, values, strict=True))
    return _object(dict, [*zip(keys, values, strict=True)])


def _object(kind, value):
    return {TYPE: kind.__name__, "value": value}


def _repr_only(value):
    try:
        text = repr(value)
    except BaseException:  # a class of the learner's own may raise anything, SystemExit too
        text = f"<{type(value).__name__} that has no repr>"
    return _object(ReprOnly, text)


def _is_unicode(text):
    """Whether a text is free of surrogates, two of which JSON may take for one character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number_of_numpy(value):
    """Whether it is one of NumPy's scalars, a bool or a number; its times are none, since they have a unit."""
    # Who has made such a value has imported NumPy; the bench itself never does.
    scalar = getattr(sys.modules.get("numpy"), "generic", ())
    return issubclass(type(value), scalar) and value.dtype.kind in "biufc"


_DECODERS = {
    "int": lambda digits: int(digits, 16),
    "str": lambda codes: "".join(map(chr, codes)),
    "complex": lambda parts: complex(*parts),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": dict,
    "ReprOnly": ReprOnly,
}


def _decode(encoded):
    if isinstance(encoded, list):
        return [_decode(item) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if TYPE in encoded:
        return _DECODERS[encoded[TYPE]](_decode(encoded["value"]))
    return {key: _decode(value) for key, value in encoded.items()}
