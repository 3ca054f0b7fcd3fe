"""One table of data per vendor of a Realtime service: URL, authentication, dialect, rates and quirks."""
