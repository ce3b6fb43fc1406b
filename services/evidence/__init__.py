"""What comes back: receipts, replies, what an advisor did; facts first, then evidence, then the person is woken."""
