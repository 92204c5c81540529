"""What a text says about how it is spoken: pauses, sentences, breaths, and the language of each stretch.

Lives here: segmentation and languages. Does not: sound.
May call: errors.
"""
