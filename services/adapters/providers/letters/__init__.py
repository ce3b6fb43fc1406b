"""Letters: ``maileva`` through a print shop's API, ``callbacks`` what it tells us, ``folder`` into a folder for one's own printer."""
