"""All that an operator can set, looked at before anything starts: every mistake of settings, topics and the rules' numbers at once."""

from collections.abc import Callable, Iterator

from services.adapters.kafka.topics import TopicChanges, WrongTopicsFile, load_topics
from services.adapters.policy import SHIPPED, PolicyError, load_policy
from services.runtime.errors import Mistake, WrongSettings
from services.runtime.settings import Settings, settings_and_mistakes


def checked_settings(process: str | None = None) -> Settings:
    """The settings of our environment, for one process or for all; raises ``WrongSettings`` with every mistake."""
    settings, mistakes = settings_and_all_mistakes(process)
    if mistakes:
        raise WrongSettings(mistakes)
    return settings


def settings_and_all_mistakes(process: str | None = None) -> tuple[Settings, tuple[Mistake, ...]]:
    """What can be used, the rest as its default; and every mistake, of what stands in settings and of what they name."""
    settings, mistakes = settings_and_mistakes()
    wrong = {mistake.name for mistake in mistakes}
    found = [mistake for check in CHECKS for mistake in check(settings)]
    if process == "delivery" and not settings.providers() and not wrong & _PROVIDERS:
        found.append(Mistake(name="SMS_PROVIDERS", problem="no provider is set for any channel of CHANNELS_OWNED: nothing could be sent"))
    return settings, (*mistakes, *found)


def _policy(settings: Settings) -> Iterator[Mistake]:
    try:
        load_policy(settings.policy_file or SHIPPED)
    except PolicyError as problem:
        for mistake in problem.mistakes:
            yield Mistake(name="POLICY_FILE", problem=mistake)


def _topics(settings: Settings) -> Iterator[Mistake]:
    changes = {
        "TOPIC_PARTITIONS": TopicChanges(partitions=settings.topics.partitions),
        "TOPIC_RETENTION_DAYS": TopicChanges(retention_days=settings.topics.retention_days),
        "TOPIC_READERS": TopicChanges(readers=settings.topics.readers),
    }
    for name, change in changes.items():
        try:
            load_topics(changes=change)
        except WrongTopicsFile as wrong:
            for problem in wrong.problems:
                yield Mistake(name=name, problem=problem)


#: settings that name a provider
_PROVIDERS = {"SMS_PROVIDERS", "VOICE_URL", "LETTER_URL", "SMTP_URL", "CHANNELS_OWNED"}
#: A new check of what settings name is one function and one line here.
CHECKS: tuple[Callable[[Settings], Iterator[Mistake]], ...] = (_policy, _topics)
