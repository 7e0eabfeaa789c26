"""Text of others, as one line that is safe to print."""


def one_line(text: str) -> str:
    r"""Write what breaks a line, moves a cursor or turns text around as ``\n`` or ``\xNN``.

    Names of classes and files hold whatever somebody put there; a log has one line per message.
    """
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
