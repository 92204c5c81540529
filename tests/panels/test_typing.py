"""What a letter typed in a panel asks of a service: nothing."""

from wire import Wire, answer

import voicenb as vn
from voicenb.panels.clone import ClonePanel
from voicenb.panels.say import SayPanel

CATALOGUE = "/api/openapi/model/catalog"


async def test_typing_asks_for_no_price_list(tmp_path):
    with Wire() as wire:
        wire.script[CATALOGUE] = answer(b"<html>out of order</html>", status=503)
        with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path) as live:
            live.voice("model_1").rename("ada")
            moment = [0.0]
            live.session.prices._clock = lambda: moment[0]
            say, clone = SayPanel(live), ClonePanel(live)
            await say.settled()
            for number in range(6):
                # A day passes between two letters.
                moment[0] += 86_400
                say.form.set({"text": "Hello." + "!" * number})
                clone.form.set({"text": "Hello." + "!" * number})
                await say.settled()
                await clone.settled()
            assert "price is not known" in say._status.value
            # One for each panel that was opened, and only where a minute lies between.
            assert wire.paths().count(CATALOGUE) <= 2
            say.close()
            clone.close()
