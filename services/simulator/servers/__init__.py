"""Providers that do not exist, on sockets that do: they speak SMPP, SMTP and HTTP, and do what a town tells them."""
