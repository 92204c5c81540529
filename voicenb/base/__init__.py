"""What every room needs: home folder, keys, money, files, network, processes, and the background event loop.

Lives here: what knows of no service, no sound and no notebook page. Does not: anything with a meaning of its own for voices.
May call: `voicenb.errors` alone.
"""
