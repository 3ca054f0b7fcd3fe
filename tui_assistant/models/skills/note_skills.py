"""Taking, reading and deleting notes."""

from __future__ import annotations

from .base import Arguments, Context, Outcome, Parameter, Skill, text_of
from .notebook import MAX_NOTE_CHARACTERS
from .numbers import number_words
from .slots import FREE
from .words import MAX_TOKENS, tokenise

READ_OUT = 5  # notes; more are too many to listen to
_NOTE = Parameter("note", FREE, "The words to remember")


def _own_words(spoken: str, request: str) -> str:
    """The note as it was typed, with its capitals and signs, where the request ends with it."""
    words, wanted = request.split(), spoken.split()
    for count in range(1, min(len(words), MAX_TOKENS) + 1):
        tail = " ".join(words[-count:])
        if (tokens := tokenise(tail)) == wanted:
            return tail.rstrip(".")
        if len(tokens) > len(wanted):
            break
    return spoken


def _add(arguments: Arguments, context: Context) -> Outcome:
    note = text_of(arguments, "note")
    if not note:
        return Outcome("What should I write down?", follow_up="make a note")
    note = _own_words(note, context.request)[:MAX_NOTE_CHARACTERS]
    context.notes.add(note)
    return Outcome(f"Noted: {note}.", {"notes": str(len(context.notes.all()))})


def _list(_: Arguments, context: Context) -> Outcome:
    notes = context.notes.all()
    if not notes:
        return Outcome("You have no notes.", {"notes": "0"})
    read = ". ".join(note.text for note in notes[-READ_OUT:])
    if len(notes) == 1:
        return Outcome(f"You have one note: {read}.", {"notes": "1"})
    head = f"You have {number_words(len(notes))} notes"
    head += f". The last {number_words(READ_OUT)}" if len(notes) > READ_OUT else ""
    return Outcome(f"{head}: {read}.", {"notes": str(len(notes))})


def _delete(_: Arguments, context: Context) -> Outcome:
    note = context.notes.delete_last()
    if note is None:
        return Outcome("You have no notes.", {"notes": "0"})
    return Outcome(f"Deleted the note: {note.text}.", {"notes": str(len(context.notes.all()))})


def _delete_all(_: Arguments, context: Context) -> Outcome:
    count = context.notes.delete_all()
    text = f"Deleted {number_words(count)} note{'' if count == 1 else 's'}." if count else "You have no notes."
    return Outcome(text, {"notes": "0"})


NOTE_ADD = Skill(
    name="note_add",
    description="Writes down a note.",
    phrases=(
        "(make|take|add|write|create) (a|the|another) note [to|that|saying] {note}",
        "(take|make|add) note [that|to] {note}",
        "(note|write|take) (down|this down) {note}",
        "(remember|note) (that|to) {note}",
        "note [to self] {note}",
        "remind me (to|that) {note}",
        "add {note} to my notes",
        "put {note} (on|in) my (notes|list)",
        "(make|take|add|write) (a|another) note",
    ),
    handler=_add,
    restate=lambda arguments: f"make a note: {text_of(arguments, 'note')}",
    parameters=(_NOTE,),
    weight=2.0,
)

NOTE_LIST = Skill(
    name="note_list",
    description="Reads out the notes.",
    phrases=(
        "(read|list|show|tell|give) [me] [all] (my|the) notes",
        "(what are|read out|read back) my notes",
        "(what is|what do i have) (in|on) my (notes|list)",
        "what did i (note|write) [down]",
        "what notes do i have",
        "do i have [any] notes",
        "how many notes do i have",
        "[list|my] notes",
        "read (the|my) (last|latest) note",
    ),
    handler=_list,
    restate=lambda _: "read your notes",
    weight=0.9,
)

NOTE_DELETE = Skill(
    name="note_delete",
    description="Deletes the last note.",
    phrases=(
        "(delete|remove|erase|clear|forget) (the|my|that|this) [last|latest] note",
        "(delete|remove|erase) [last] note",
    ),
    handler=_delete,
    restate=lambda _: "delete the last note",
    destructive=True,
    weight=0.7,
)

NOTE_DELETE_ALL = Skill(
    name="note_delete_all",
    description="Deletes all notes.",
    phrases=(
        "(delete|remove|erase|clear) all [of] [the|my] notes",
        "(delete|remove|erase|clear) [the|my] notes",
    ),
    handler=_delete_all,
    restate=lambda _: "delete all notes",
    destructive=True,
    weight=0.4,
)

NOTE_SKILLS = (NOTE_ADD, NOTE_LIST, NOTE_DELETE, NOTE_DELETE_ALL)
