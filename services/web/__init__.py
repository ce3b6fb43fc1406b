"""The pages and the HTTP border: link page, callbacks, events, claims; advisors' and operations' pages."""
