"""Keys as the terminal reports them. Stock terminals send no key-up: a held key is told from a pressed one by time."""
