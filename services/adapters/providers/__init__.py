"""Channels over their real protocols: SMPP, SMTP, Twilio-shaped and Maileva-shaped HTTP, a folder; and what comes back."""
