"""Turn judges: how likely it is, from words or from sound, that the user has finished."""
