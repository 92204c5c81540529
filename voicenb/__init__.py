"""voicenb, the notebook workbench for voice cloning."""
