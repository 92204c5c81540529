"""A widget of voicenb in a page of its own, without JupyterLab: the real Python object answers what the real script asks."""

from __future__ import annotations

import base64
import json

import comm
from page_wire import PageWire

__all__ = ["Stand"]

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A widget</title>
<style>body {{ margin: 12px; background: {ground}; color: {text}; color-scheme: {scheme};
--jp-content-font-color1: {text}; --jp-content-font-color2: {quiet}; --jp-layout-color0: {ground}; --jp-layout-color1: {ground};
--jp-layout-color2: {soft}; --jp-border-color2: {line}; --jp-brand-color1: {brand}; --jp-ui-font-color1: {text}; }}
{css}</style><main></main>"""
# The colours that JupyterLab's own themes give.
_THEMES = {
    "light": {
        "ground": "#fff", "text": "rgba(0,0,0,.87)", "quiet": "rgba(0,0,0,.54)", "soft": "#eee", "line": "#e0e0e0", "brand": "#1976d2",
    },
    "dark": {
        "ground": "#111", "text": "#fff", "quiet": "rgba(255,255,255,.7)", "soft": "#424242", "line": "#616161", "brand": "#42a5f5",
    },
}  # fmt: skip

_VIEW = """
async (module) => {
    const listeners = {}, state = JSON.parse(await fromKernel("state")), view = Math.random().toString(36).slice(2);
    const told = (event, ...values) => (listeners[event] ?? []).slice().forEach(one => one(...values));
    const model = {
        get: name => state[name],
        set(name, value) { state[name] = value; (model.changed ??= {})[name] = value; },
        save_changes() {
            const changed = model.changed ?? {};
            model.changed = {};
            toKernel(JSON.stringify({method: "update", state: changed}));
            for (const name of Object.keys(changed)) told(`change:${name}`);
        },
        send: content => toKernel(JSON.stringify({method: "custom", content})),
        on: (events, listener) => events.split(" ").forEach(one => (listeners[one] ??= []).push(listener)),
        off: (events, listener) => events.split(" ").forEach(one => (listeners[one] = (listeners[one] ?? []).filter(other => other !== listener))),
    };
    const listen = async () => {
        for (const {method, state: changed, content, buffers} of JSON.parse(await fromKernel("news"))) {
            if (method === "update") {
                Object.assign(state, changed);
                for (const name of Object.keys(changed)) told(`change:${name}`);
            } else if (method === "custom") {
                told("msg:custom", content, buffers.map(one => new DataView(Uint8Array.from(atob(one), c => c.charCodeAt(0)).buffer)));
            }
        }
        setTimeout(listen, 20);
    };
    const {default: widget} = await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
    await widget.render({model, el: document.querySelector("main")});
    listen();
}
"""


class Stand:
    """Shows widgets in a `Page`, one after the other."""

    def __init__(self, page, folder, monkeypatch):
        self.page = page
        self.folder = folder
        monkeypatch.setattr(comm, "create_comm", PageWire)
        self.widget = None
        self._read = 0
        page.page.expose_function("fromKernel", self._answered)
        page.page.expose_function("toKernel", self._asked)

    def show(self, widget, theme="light", width=900):
        """Draws a widget that was made since; the answer is playwright's page."""
        self.widget, self._read = widget, len(widget.comm.sent)
        file = self.folder / "stand.html"
        file.write_text(_PAGE.format(css=widget._css, scheme=theme, **_THEMES[theme]), "utf-8")
        screen = self.page.page
        screen.set_viewport_size({"width": width, "height": 700})
        screen.goto(file.as_uri())
        screen.evaluate(_VIEW, widget._esm)
        return screen

    def _answered(self, question):
        if question == "state":
            return json.dumps(
                {
                    name: getattr(self.widget, name)
                    for name in self.widget.keys
                    if name not in {"layout", "_scripts", "_sheets", "_esm", "_css"}
                }
            )
        news = self.widget.comm.sent[self._read :]
        self._read += len(news)
        return json.dumps(
            [
                {
                    "method": data.get("method"), "state": data.get("state"), "content": data.get("content"),
                    "buffers": [base64.b64encode(one).decode() for one in buffers or ()],
                }
                for _, data, buffers in news
            ]
        )  # fmt: skip

    def _asked(self, message):
        said = json.loads(message)
        if said["method"] == "custom":
            self.widget._handle_custom_msg(said["content"], [])
        else:
            self.widget.set_state(said["state"])
