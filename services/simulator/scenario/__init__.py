"""The scenario language: what a file says (``file``), how it is read (``parse``), what must come out (``expect``)."""
