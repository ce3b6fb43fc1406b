"""The rules: values in, values out; the standard library only, and `now` is always given."""
