"""E-mail: ``addresses`` and ``mail`` make it, ``provider`` sends it, ``returns`` and ``receiver`` take what comes back."""
