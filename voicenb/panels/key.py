"""Where a key is typed in a notebook without staying there."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from voicenb import services
from voicenb.base.keys import Secret
from voicenb.errors import AuthenticationError
from voicenb.panels.page.assets import panel_styles, script

__all__ = ["KeyPanel"]


class KeyPanel(anywidget.AnyWidget):
    """A field for a service's key, for whoever has set no environment variable.

    ``key = KeyPanel("soundclone")`` in one cell, ``studio = vn.connect("soundclone", api_key=key.secret)`` in the next. What is typed is
    sent once, as a message, and is then only in `secret`: no trait holds it, so that no saved notebook does.
    """

    _esm = script("key")
    _css = panel_styles()
    label = traitlets.Unicode().tag(sync=True)
    """The service's name for people."""
    has_key = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether a key was given; `observe` it to go on."""
    said = traitlets.Unicode().tag(sync=True)
    """What the field says below itself."""

    def __init__(self, service: str) -> None:
        profile = services.get(service).profile
        super().__init__(label=profile.label, said=f"Or set {profile.key_variables[0]} before the notebook starts.")
        self._service = profile.id
        self._secret: Secret | None = None
        self.on_msg(self._typed)

    def __repr__(self) -> str:
        return f"<KeyPanel {self._service}, {'a key was given' if self.has_key else 'no key yet'}>"

    @property
    def secret(self) -> Secret:
        """The key, for ``connect(api_key=…)``.

        Raises:
            AuthenticationError: None was typed yet.
        """
        if self._secret is None:
            raise AuthenticationError(
                f"no key was typed yet: type it into the field for {self.label} and run this cell again",
                service=self._service,
            )
        return self._secret

    def _typed(self, _: object, content: Any, __: object) -> None:
        key = str(content.get("key") or "").strip() if isinstance(content, dict) else ""
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            self.said = "That is no key: it is empty, or holds blanks or characters that no key has. Copy it again."
            return
        self._secret, self.has_key = Secret(key), True
        self.said = "The key is here for as long as this kernel runs."
        if content.get("remember") is True:
            self.said = _remember(self._service, key)


def _remember(service: str, key: str) -> str:
    """Puts the key where `voicenb.connect` finds it by itself; the answer says whether that worked."""
    try:
        import keyring

        keyring.set_password("voicenb", service, key)
    except Exception as error:  # noqa: BLE001 - every backend has errors of its own
        return f"The key is here for as long as this kernel runs; this computer has no usable keyring ({type(error).__name__})."
    return "The key is in this computer's keyring: connect finds it by itself from now on."
