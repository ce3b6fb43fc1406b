"""How the text of one setting becomes a value: each reader raises ``ValueError`` with what to write instead, never the text itself."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from services.core.channels.addresses import MAX_LENGTH, MAX_LINES
from services.core.channels.senders import VERIFIED_RANGES, SenderKind, SenderProblem, check_sender

T = TypeVar("T")
Reader = Callable[[str], T]


#: why a sender is refused, in the operator's words (rules §4.2)
SENDER_PROBLEMS: dict[SenderProblem, str] = {
    SenderProblem.EMPTY: "it is empty",
    SenderProblem.MOBILE_NUMBER: "an automated system may not show an 06 or 07 number (since 1 January 2023)",
    SenderProblem.GEOGRAPHIC_NUMBER: "an automated system may not show a geographic number (since 1 January 2023)",
    SenderProblem.ORDINARY_09_NUMBER: "an automated system may not show an ordinary 09 number (since 1 January 2023)",
    SenderProblem.PLATFORM_NUMBER: "0937 to 0939 are for messages between people and a platform, not for automated sending",
    SenderProblem.SPECIAL_NUMBER: "an automated system may not show an 08 number",
    SenderProblem.NOT_A_NUMBER: "it is neither a French ten-digit number nor a short code",
    SenderProblem.SHORT_CODE_RANGE: "a short code for messages is 36xxx or 38xxx",
    SenderProblem.NAME_TOO_LONG: "a name has at most 11 characters",
    SenderProblem.NAME_CHARACTER: "a name has only letters and digits without accents, at least one letter, and no space",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where a listener binds; port 0 is any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderUrl:
    """A provider's name in receipts and metrics, and where it is (may hold a password: never log it)."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The user and the password before an address's host: both, or none unless they are needed."""

    needed: bool = True
    #: most characters that the protocol carries of each
    user: int = 255
    password: int = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFuse:
    """Where a test lets a process die: at a point of a step, the ``count``-th time that it is reached."""

    #: not a test case, whatever pytest makes of the name
    __test__ = False

    process: str
    point: str
    count: int


def text(value: str) -> str:
    """One line of any text."""
    if not value.isprintable():
        raise ValueError("must be one line, without control characters")
    return value


def secret(value: str) -> bytes:
    """A key of at least 32 characters."""
    if len(value) < 32:
        raise ValueError("needs at least 32 characters; make one with: openssl rand -hex 32")
    return value.encode()


def name(value: str) -> str:
    """A name that Kafka takes for a client (legal characters of a topic's name)."""
    if len(value) > 60 or not all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in value):
        raise ValueError("must be at most 60 letters, digits, dots, dashes or underlines")
    return value


def lines(value: str) -> tuple[str, ...]:
    """Lines of a postal address with ``|`` between them (§6)."""
    found = tuple(line for line in (part.strip() for part in text(value).split("|")) if line)
    if len(found) > MAX_LINES or any(len(line) > MAX_LENGTH for line in found):
        raise ValueError(f"must be at most {MAX_LINES} lines of at most {MAX_LENGTH} characters, with | between them")
    return found


def fuse(value: str) -> TestFuse:
    """``process:point`` or ``process:point:count``."""
    process, _, rest = value.partition(":")
    point, _, count = rest.partition(":")
    if not process or not point or not (count or "1").isdigit():
        raise ValueError("must be process:point or process:point:count")
    return TestFuse(process=process, point=point, count=int(count or "1"))


def folder(value: str) -> Path:
    """A folder, made absolute; it need not exist, if it can be made."""
    path = Path(value).expanduser().absolute()
    if not next(place for place in (path, *path.parents) if place.exists()).is_dir():
        raise ValueError("names a folder where a file is")
    return path


def file(value: str) -> Path:
    """A file that exists."""
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise ValueError("names a file that is not there")
    return path


def choice(*allowed: str) -> Reader[str]:
    """One of a few words, in either case."""

    def read(value: str) -> str:
        for word in allowed:
            if value.upper() == word.upper():
                return word
        raise ValueError(f"must be one of {', '.join(allowed)}")

    return read


def number(low: float, high: float) -> Reader[float]:
    """A number between two bounds, both allowed."""

    def read(value: str) -> float:
        try:
            found = float(value)
        except ValueError:
            found = float("nan")
        if not low <= found <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return found

    return read


def whole(low: int, high: int) -> Reader[int]:
    """A whole number between two bounds, both allowed."""

    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def url(
    *schemes: str,
    example: str,
    login: Login | None = None,
    parameters: Mapping[str, Reader[object]] | None = None,
    needs: Collection[str] = (),
) -> Reader[str]:
    """A URL with a host, of one of these schemes.

    ``login``: what is known of the user before the host; ``parameters``: what may stand behind the question mark, each with its reader;
    anything, when none is given. ``needs``: the parameters that must be there.
    """

    def read(value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port  # raises when it is not a number
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"must be an address such as {example}")
        problems = [*_login_problems(parts, example, login), *_parameter_problems(parts, parameters, needs)]
        if problems:
            raise ValueError("; ".join(problems))
        return value

    return read


def _login_problems(parts: SplitResult, example: str, login: Login | None) -> Iterator[str]:
    if login is None:
        return
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if (login.needed and not (user and password)) or bool(user) != bool(password):
        yield f"needs a user and a password before the host, as in {example}"
    if len(user) > login.user or len(password) > login.password:
        yield f"may have a user of at most {login.user} and a password of at most {login.password} characters"


def _parameter_problems(parts: SplitResult, known: Mapping[str, Reader[object]] | None, needs: Collection[str]) -> Iterator[str]:
    given = parse_qsl(parts.query, keep_blank_values=True)
    if known is None:
        return
    for missing in sorted(set(needs) - {name for name, value in given if value}):
        yield f"needs {missing}=… behind a question mark"
    for name, value in given:
        if name not in known:
            # not the name: whoever forgot to write %3F for a question mark in a password would read half of it
            yield f"may have {' and '.join(known) or 'nothing'} behind a question mark, nothing else"
            continue
        try:
            known[name](value)
        except ValueError as problem:
            yield f"{name} {problem}"


def listen(value: str) -> Listen:
    """``host:port``, or a port of 127.0.0.1; ``[::1]:8080`` for IPv6."""
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("must be host:port, such as 127.0.0.1:8080")
    return Listen(host=host, port=int(port))


def bootstrap(value: str) -> str:
    """Kafka's ``host:port``, several with commas."""
    servers = [server.strip() for server in value.split(",")]
    if not all(server.rpartition(":")[0] and server.rpartition(":")[2].isdigit() for server in servers):
        raise ValueError("must be host:port, several with commas, such as kafka-1:9092,kafka-2:9092")
    return ",".join(servers)


def words(*allowed: str) -> Reader[tuple[str, ...]]:
    """Words with commas, each of the given ones (any, when none is given)."""

    def read(value: str) -> tuple[str, ...]:
        found = tuple(word for word in (part.strip() for part in value.split(",")) if word)
        if allowed and not set(found) <= set(allowed):
            raise ValueError(f"must be words of {', '.join(allowed)}, with commas")
        return found

    return read


def networks(value: str) -> tuple[str, ...]:
    """Addresses, or networks as 10.0.0.0/8, with commas."""
    found = words()(value)
    try:
        for each in found:
            ip_network(each)
    except ValueError:
        raise ValueError("must be addresses, or networks such as 10.0.0.0/8, with commas") from None
    return found


def pairs(read_value: Reader[T]) -> Reader[dict[str, T]]:
    """``name=value``, several with commas, order kept."""

    def read(value: str) -> dict[str, T]:
        found: dict[str, T] = {}
        for part in words()(value):
            name, equals, rest = part.partition("=")
            if not equals or not name.strip():
                raise ValueError("must be name=value, several with commas")
            if name.strip() in found:
                raise ValueError("names something twice")
            found[name.strip()] = read_value(rest.strip())
        return found

    return read


def number_ranges(value: str) -> tuple[str, ...]:
    """Beginnings of French ten-digit numbers, with commas."""
    found = words()(value)
    if not all(part.isascii() and part.isdigit() and part.startswith("0") and len(part) <= len("0948123456") for part in found):
        raise ValueError("must be beginnings of ten-digit numbers, with commas, such as 0948,0949")
    return found


def providers(read_url: Reader[str]) -> Reader[tuple[ProviderUrl, ...]]:
    """``name=url``, several with commas, in order of preference; a URL without a name is named after its host."""

    def read(value: str) -> tuple[ProviderUrl, ...]:
        named = ",".join(part if "=" in part.partition("://")[0] else f"{urlsplit(part).hostname}={part}" for part in words()(value))
        return tuple(ProviderUrl(name=name(called), url=address) for called, address in pairs(read_url)(named).items())

    return read


def email(value: str) -> str:
    """An e-mail address, roughly: the relay is the judge."""
    local, _, domain = value.rpartition("@")
    if not local or "." not in domain or any(sign.isspace() for sign in value):
        raise ValueError("must be an e-mail address")
    return value


def token(value: str) -> str:
    """A bearer token that nobody guesses (RFC 6750, characters that a header can carry)."""
    if len(value) < 32 or not value.isascii() or any(sign.isspace() for sign in value):
        raise ValueError("needs at least 32 characters without spaces; make one with: openssl rand -hex 32")
    return value


def sms_sender(value: str, verified_ranges: tuple[str, ...] = VERIFIED_RANGES) -> str:
    """A short code, a name or a verified number (rules §4.2)."""
    return _sender(value, verified_ranges, {SenderKind.SHORT_CODE, SenderKind.ALPHANUMERIC, SenderKind.NUMBER}, "38123 or FRTRAVAIL")


def caller_id(value: str, verified_ranges: tuple[str, ...] = VERIFIED_RANGES) -> str:
    """A number that automated calls may show (rules §4.2, SC-43)."""
    return _sender(value, verified_ranges, {SenderKind.NUMBER}, "a verified number such as 09 48 12 34 56")


def _sender(value: str, ranges: tuple[str, ...], kinds: set[SenderKind], example: str) -> str:
    verdict = check_sender(value, ranges)
    if verdict.problem is not None:
        raise ValueError(f"{SENDER_PROBLEMS[verdict.problem]}; use {example}")
    if verdict.kind not in kinds:
        raise ValueError(f"a call shows a ten-digit number; use {example}")
    return value.strip()
