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
    from voicenb.audio import Clip as Clip
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
        TaskTimeout as TaskTimeout,
        VoiceExpired as VoiceExpired,
        VoicenbError as VoicenbError,
        VoicenbWarning as VoicenbWarning,
    )
    from voicenb.portal import allow_asyncio_run as allow_asyncio_run
    from voicenb.reference import Reference as Reference
    from voicenb.services.base import (
        AdviceWarning as AdviceWarning,
        Balance as Balance,
        LearnedRuleWarning as LearnedRuleWarning,
        Price as Price,
    )
    from voicenb.streaming import Stream as Stream
    from voicenb.studio import Studio as Studio, Voice as Voice, connect as connect
    from voicenb.subtitles import Subtitles as Subtitles
    from voicenb.tasks import Task as Task

_WHERE = {
    "AdviceWarning": "voicenb.services.base",
    "AuthenticationError": "voicenb.errors",
    "BadReference": "voicenb.errors",
    "BudgetExceeded": "voicenb.errors",
    "Balance": "voicenb.services.base",
    "Clip": "voicenb.audio",
    "InsufficientBalance": "voicenb.errors",
    "InvalidRequest": "voicenb.errors",
    "LearnedRuleWarning": "voicenb.services.base",
    "OutcomeUnknown": "voicenb.errors",
    "Price": "voicenb.services.base",
    "RateLimited": "voicenb.errors",
    "Reference": "voicenb.reference",
    "ServiceError": "voicenb.errors",
    "Stream": "voicenb.streaming",
    "Studio": "voicenb.studio",
    "Subtitles": "voicenb.subtitles",
    "Task": "voicenb.tasks",
    "TaskFailed": "voicenb.errors",
    "TaskTimeout": "voicenb.errors",
    "Voice": "voicenb.studio",
    "VoiceExpired": "voicenb.errors",
    "VoicenbError": "voicenb.errors",
    "VoicenbWarning": "voicenb.errors",
    "allow_asyncio_run": "voicenb.portal",
    "connect": "voicenb.studio",
    "sandbox": "",
    "services": "",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("voicenb")
    if name not in _WHERE:
        raise AttributeError(f"module 'voicenb' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name) if _WHERE[name] else import_module(f"voicenb.{name}")
    globals()[name] = value
    return value


def load_ipython_extension(shell: object) -> None:
    """``%load_ext voicenb``: ``%%say``, ``%voices`` and ``%history``."""
    from importlib import import_module

    import_module("voicenb.magics").register(shell)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
