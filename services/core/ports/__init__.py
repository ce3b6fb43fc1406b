"""What the steps need from the world, as narrow protocols; ``services/adapters`` has one file for each way to give it."""
