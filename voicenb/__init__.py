"""voicenb, the notebook workbench for voice cloning.

    import voicenb as vn

    studio = vn.connect()                      # the built-in sandbox: no key, no network, no bill
    voice = studio.clone("me.wav", name="me")
    voice.say("Welcome home, my friend.", speed=1.1)

Every name is loaded on first use.
"""

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import; type checkers know the name
if TYPE_CHECKING:
    from voicenb import sandbox as sandbox, services as services
    from voicenb.audio.subtitles import Subtitles as Subtitles
    from voicenb.base.money import Balance as Balance, Price as Price
    from voicenb.base.portal import allow_asyncio_run as allow_asyncio_run
    from voicenb.errors import (
        AuthenticationError as AuthenticationError,
        BadReference as BadReference,
        BudgetExceeded as BudgetExceeded,
        InsufficientBalance as InsufficientBalance,
        InvalidRequest as InvalidRequest,
        OutcomeUnknown as OutcomeUnknown,
        RateLimited as RateLimited,
        ServiceError as ServiceError,
        TaskFailed as TaskFailed,
        TasksFailed as TasksFailed,
        TaskTimeout as TaskTimeout,
        VoiceExpired as VoiceExpired,
        VoicenbError as VoicenbError,
        VoicenbWarning as VoicenbWarning,
    )
    from voicenb.listening.listen import listen as listen
    from voicenb.listening.test import ListeningTest as ListeningTest
    from voicenb.measures.registry import measure as measure
    from voicenb.panels.players.compare import compare as compare
    from voicenb.services.base import AdviceWarning as AdviceWarning, LearnedRuleWarning as LearnedRuleWarning
    from voicenb.studio.clip import Clip as Clip
    from voicenb.studio.clips import Clips as Clips
    from voicenb.studio.connect import connect as connect
    from voicenb.studio.reference import Reference as Reference
    from voicenb.studio.stream import Stream as Stream
    from voicenb.studio.studio import Studio as Studio
    from voicenb.studio.task import Task as Task
    from voicenb.studio.voice import Voice as Voice
    from voicenb.study.listing import studies as studies
    from voicenb.study.study import Study as Study

_WHERE = {
    "AdviceWarning": "voicenb.services.base",
    "AuthenticationError": "voicenb.errors",
    "BadReference": "voicenb.errors",
    "BudgetExceeded": "voicenb.errors",
    "Balance": "voicenb.base.money",
    "Clip": "voicenb.studio.clip",
    "Clips": "voicenb.studio.clips",
    "InsufficientBalance": "voicenb.errors",
    "InvalidRequest": "voicenb.errors",
    "LearnedRuleWarning": "voicenb.services.base",
    "ListeningTest": "voicenb.listening.test",
    "OutcomeUnknown": "voicenb.errors",
    "Price": "voicenb.base.money",
    "RateLimited": "voicenb.errors",
    "Reference": "voicenb.studio.reference",
    "ServiceError": "voicenb.errors",
    "Stream": "voicenb.studio.stream",
    "Studio": "voicenb.studio.studio",
    "Study": "voicenb.study.study",
    "Subtitles": "voicenb.audio.subtitles",
    "Task": "voicenb.studio.task",
    "TaskFailed": "voicenb.errors",
    "TaskTimeout": "voicenb.errors",
    "TasksFailed": "voicenb.errors",
    "Voice": "voicenb.studio.voice",
    "VoiceExpired": "voicenb.errors",
    "VoicenbError": "voicenb.errors",
    "VoicenbWarning": "voicenb.errors",
    "allow_asyncio_run": "voicenb.base.portal",
    "compare": "voicenb.panels.players.compare",
    "connect": "voicenb.studio.connect",
    "listen": "voicenb.listening.listen",
    "measure": "voicenb.measures.registry",
    "sandbox": "",
    "services": "",
    "studies": "voicenb.study.listing",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("voicenb")
    if name not in _WHERE:
        raise AttributeError(f"module 'voicenb' has no attribute {name!r}")
    try:
        value = getattr(import_module(_WHERE[name]), name) if _WHERE[name] else import_module(f"voicenb.{name}")
    except (ImportError, AttributeError) as error:
        if problem := import_module("voicenb.base.shadowing").describe_shadowing():
            raise ImportError(problem) from error
        raise
    globals()[name] = value
    return value


def load_ipython_extension(shell: object) -> None:
    """``%load_ext voicenb``: ``%%say``, ``%voices`` and ``%history``."""
    from importlib import import_module

    import_module("voicenb.shell.magics").register(shell)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
