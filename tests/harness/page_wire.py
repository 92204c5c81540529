"""A page that writes down what it hears of a kernel's widgets."""

from __future__ import annotations

from comm.base_comm import BaseComm


class PageWire(BaseComm):
    """What goes from the kernel to a page: kind, data and buffers of each message."""

    def __init__(self, *args, **options):
        self.sent = []
        super().__init__(*args, **options)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data or {}, buffers or []))
