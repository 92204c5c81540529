"""Clones one recording with all three services and with each of AI Clone's models, and lets every voice say one sentence."""

import numpy as np
import pandas as pd

import voicenb as vn
from voicenb.measures import f0_track

SENTENCE = "The boat leaves at seven, and I shall be on it."
ASKED = {
    "soundclone": [{"version": "v1"}],
    "aiclone": [
        {"model": "v1-real"},
        {"model": "v2-emotion", "emotion": {"joy": 0.9, "excitement": 0.1}},
        {"model": "v3-qwen", "instructions": "read in a calm tone"},
        {"model": "omni", "describe": "female, young adult, high pitch"},
        {"model": "voxcpm", "describe": "四川话"},
    ],
    "faseeh": [{"model": "faseeh-v1-preview"}],
}

reference = vn.Reference(vn.sandbox.sample_speaker("bruno"), consent="nobody's voice: the sandbox made it up")
rows = []
for service, requests in ASKED.items():
    with vn.connect(service, sandbox=True) as studio:
        voice = studio.clone(reference, name="bruno", quiet=True)
        for settings in requests:
            clip = voice.say(SENTENCE, quiet=True, **settings)
            model = settings.get("model") or settings["version"]
            hertz = np.nanmedian(f0_track(clip.samples, clip.rate)[1])
            cost = f"{clip.task.cost} {clip.task.unit}"
            rows.append((service, model, f"{clip.duration:.2f} s", f"{hertz:.0f} Hz", cost))

print(pd.DataFrame(rows, columns=["service", "model", "duration", "F0", "cost"]).to_string(index=False))
