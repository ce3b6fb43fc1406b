"""Reads the world's rules and the providers of a scenario file."""

from collections.abc import Mapping
from datetime import datetime

from services.core.words import Channel, Step
from services.simulator.scenario.file import Reaction, Rule
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import NO_INSTANT, Fields, Item
from services.simulator.scenario.words import KEYS, PROVIDER_EXAMPLES, PROVIDER_WORDS

_ANSWERABLE = (Channel.SMS, Channel.EMAIL)


def read_providers(item: Item | None, names: Names) -> Mapping[Channel, tuple[str, ...]]:
    """Provider names by channel; one named ``a`` where the file has none."""
    providers: dict[Channel, tuple[str, ...]] = dict.fromkeys(Channel, ("a",))
    known = {channel.value: channel for channel in Channel}
    for key, entry in item.fields() if item is not None else ():
        if key not in known:
            entry.wrong(f"unknown channel; one of: {', '.join(known)}")
            continue
        given = entry.texts()
        if not given or len(set(given)) != len(given):
            entry.wrong("at least one provider is expected, and no name twice")
        providers[known[key]] = given or ("a",)
    names.providers.update(name for group in providers.values() for name in group)
    return providers


def read_world(item: Item | None, names: Names) -> tuple[Rule, ...]:
    """The rules, in the order in which they are tried."""
    return tuple(_rule(entry, names) for entry in (item.items() if item is not None else ()))


def _rule(item: Item, names: Names) -> Rule:
    fields = item.fields()
    channel = fields.need("channel", lambda word: word.word(Channel), Channel.SMS)
    rule = Rule(
        channel=channel,
        person=fields.get("person", names.someone, None),
        step=fields.get("step", lambda word: word.word(Step), None),
        nth=fields.get("nth", lambda number: number.integer(1), None),
        between=fields.get("between", read_span, None),
        carrier=fields.get("carrier", Item.text, None),
        provider=fields.get("provider", names.provider, None),
        then=fields.need("then", lambda then: _reactions(then, channel), ()),
    )
    fields.done()
    return rule


def read_span(item: Item) -> tuple[datetime, datetime]:
    """``[from, to]``."""
    ends = [end.instant() for end in item.items()]
    if len(ends) != 2:
        item.wrong("two instants are expected: [from, to]")
        return (NO_INSTANT, NO_INSTANT)
    if ends[1] < ends[0]:
        item.wrong("the second instant lies before the first")
    return (ends[0], ends[1])


def _reactions(item: Item, channel: Channel) -> tuple[Reaction, ...]:
    entries = item.items() if item.is_list else [item]
    reactions = tuple(_reaction(entry.fields(), channel) for entry in entries)
    if sum(reaction.refuse is not None or reaction.hang is not None for reaction in reactions) > 1:
        item.wrong("a provider refuses or hangs once")
    return reactions


def _reaction(fields: Fields, channel: Channel) -> Reaction:
    reaction = Reaction(
        after=fields.get("after", Item.duration, None),
        at=fields.get("at", Item.instant, None),
        receipt=fields.get("receipt", lambda word: read_provider_word(word, channel), None),
        reply=fields.get("reply", Item.text, None),
        refuse=fields.get("refuse", Item.text, None),
        hang=fields.get("hang", Item.duration, None),
    )
    fields.done()
    told = [reaction.receipt, reaction.reply, reaction.refuse, reaction.hang]
    if sum(part is not None for part in told) != 1:
        fields.item.wrong("one of `receipt`, `reply`, `refuse` and `hang` is expected")
    if reaction.at is not None and reaction.after is not None:
        fields.item.wrong("`at` or `after`, not both")
    if reaction.reply is not None and channel not in _ANSWERABLE:
        fields.item.wrong(
            f"nobody writes back to a {channel}: " + ('use `receipt: keys "1 1"`' if channel is Channel.VOICE else "use an event")
        )
    if (reaction.refuse or reaction.hang) and (reaction.at or reaction.after):
        fields.item.wrong("a refusal and a silence come at once: no `at`, no `after`")
    return reaction


def read_provider_word(item: Item, channel: Channel) -> str:
    """What a provider says of a message, in the words of its channel."""
    text = " ".join(item.text().split())
    keys = KEYS.fullmatch(text)
    if keys is not None:
        text = f'keys "{" ".join(keys[1].replace(" ", ""))}"'
    if text and not PROVIDER_WORDS[channel].fullmatch(text):
        item.wrong(f"unknown word for {channel}; one of: {PROVIDER_EXAMPLES[channel]}")
    return text
