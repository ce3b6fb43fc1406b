"""Calls through an API in the shape of Twilio's: ``provider`` places them, ``twiml`` words them, ``callbacks`` reads what comes back."""
