"""Setting, asking for and cancelling timers."""

from __future__ import annotations

from .base import Arguments, Context, Outcome, Parameter, Skill, number_of, text_of
from .durations import duration_label, duration_words
from .numbers import number_words
from .slots import DURATION, NAME
from .timerbook import MAX_SECONDS, MAX_TIMERS, Timer

_NAME = Parameter("name", NAME, "What the timer is for, e.g. pasta", required=False)
_SECONDS = Parameter("seconds", DURATION, "Length in seconds", minimum=1, maximum=MAX_SECONDS)
_WHICH = Parameter("seconds", DURATION, "The length it was set to, in seconds", False, 1, MAX_SECONDS)


def _set(arguments: Arguments, context: Context) -> Outcome:
    seconds, name = number_of(arguments, "seconds"), text_of(arguments, "name")
    if seconds is None:
        return Outcome("For how long?", follow_up=f"set a {name + ' ' if name else ''}timer for")
    if not 1 <= seconds <= MAX_SECONDS:
        return Outcome("I can set timers from one second to one hundred hours.")
    timer = context.timers.add(seconds, name, context.session_id)
    if timer is None:
        return Outcome(f"There are already {number_words(MAX_TIMERS)} timers. Cancel one first.")
    head = f"{name[:1].upper()}{name[1:]} timer" if name else "Timer"
    return Outcome(f"{head} set for {duration_words(seconds)}.", context.timers.metadata())


def _chosen(arguments: Arguments, context: Context) -> tuple[Timer, ...]:
    """Those that the request names, by name or by length; all when it names none."""
    timers = context.timers.running()
    name, seconds = text_of(arguments, "name"), number_of(arguments, "seconds")
    if name:
        return tuple(timer for timer in timers if timer.name == name)
    if seconds is not None:
        return tuple(timer for timer in timers if round(timer.seconds) == round(seconds))
    return timers


def _missing(arguments: Arguments, context: Context) -> Outcome:
    name, seconds = text_of(arguments, "name"), number_of(arguments, "seconds")
    if not context.timers.running():
        return Outcome("There is no timer running.", context.timers.metadata())
    which = f"{name} timer" if name else f"{duration_label(seconds or 0)} timer"
    return Outcome(f"There is no {which}.", context.timers.metadata())


def _status(arguments: Arguments, context: Context) -> Outcome:
    timers = _chosen(arguments, context)
    if not timers:
        return _missing(arguments, context)
    left = [f"{duration_words(context.timers.left(timer))} left on your {timer.label}" for timer in timers[:4]]
    if len(timers) == 1:
        return Outcome(f"{left[0][0].upper()}{left[0][1:]}.", context.timers.metadata())
    text = f"There are {number_words(len(timers))} timers: {', '.join(left[:-1])}, and {left[-1]}."
    if len(timers) > len(left):
        text = f"There are {number_words(len(timers))} timers. The next ones: {', '.join(left)}."
    return Outcome(text, context.timers.metadata())


def _cancel(arguments: Arguments, context: Context) -> Outcome:
    timers = _chosen(arguments, context)
    if not timers:
        return _missing(arguments, context)
    if len(timers) > 1 and not arguments:
        labels = ", ".join(timer.label for timer in timers[:5])
        return Outcome(
            f"Which one? There are {labels}. You can also say: cancel all timers.", context.timers.metadata()
        )
    context.timers.remove(timers[:1])
    return Outcome(f"Your {timers[0].label} is cancelled.", context.timers.metadata())


def _cancel_all(_: Arguments, context: Context) -> Outcome:
    timers = context.timers.running()
    if not timers:
        return Outcome("There is no timer running.", context.timers.metadata())
    context.timers.remove(timers)
    if len(timers) == 1:
        return Outcome(f"Your {timers[0].label} is cancelled.", context.timers.metadata())
    return Outcome(f"All {number_words(len(timers))} timers are cancelled.", context.timers.metadata())


def _named(arguments: Arguments) -> str:
    name, seconds = text_of(arguments, "name"), number_of(arguments, "seconds")
    return f"the {name} timer" if name else f"the {duration_label(seconds)} timer" if seconds else "the timer"


def _restate_set(arguments: Arguments) -> str:
    name = text_of(arguments, "name")
    return f"set a {name + ' ' if name else ''}timer for {duration_words(number_of(arguments, 'seconds') or 0)}"


TIMER_SET = Skill(
    name="timer_set",
    description="Starts a timer that rings after the given time.",
    phrases=(
        "(set|start|create|make|begin|add|set up|give me|i need|i want|run|put on) (a|another|the) timer for {seconds}",
        "(set|start|create|make) timer for {seconds}",
        "(set|start|create|make|begin|give me|i need|run) (a|the|another) {seconds} timer",
        "(set|start|create|make) {seconds} timer",
        "(set|start|create|make|put) (a|the|another) {name} timer for {seconds}",
        "(set|start|create|make) a {seconds} timer (for [the|my] {name}|named {name}|called {name})",
        "(set|start|create|make) a {seconds} {name} timer",
        "(set|start|create|make) a timer (named|called) {name} for {seconds}",
        "(set|start|create|make) a timer for {seconds} (for [the|my] {name}|named {name}|called {name})",
        "[a] timer [for] {seconds}",
        "[a] {seconds} timer",
        "{name} timer [for] {seconds}",
        "(set|start) (a|the) timer to {seconds}",
        "(wake me|remind me|alert me|notify me|beep|ring|call me|tell me) [up] in {seconds}",
        "(count down|countdown) [from|for] {seconds}",
        "start (a countdown|counting down) (of|for|from) {seconds}",
        "time {seconds}",
        "set (an alarm|a reminder|a countdown) (for|in|of) {seconds}",
        "let me know in {seconds}",
        "(set|start|create|make) (a|the|another) [{name}] timer",
    ),
    handler=_set,
    restate=_restate_set,
    parameters=(_SECONDS, _NAME),
    weight=5.0,
)

TIMER_STATUS = Skill(
    name="timer_status",
    description="Tells how much time is left on the running timers.",
    phrases=(
        "how (much time|long) (is|do i have|have i got) left [on (the|my) timer]",
        "how much [more] time is (left|remaining) [on (the|my) [{name}|{seconds}] timer]",
        "how long (is left on|does|is) (the|my) [{name}|{seconds}] timer",
        "how long does (the|my) [{name}|{seconds}] timer (have left|have|still run)",
        "how (much|many minutes) (is|are) left on (the|my) [{name}|{seconds}] timer",
        "how much [time] is on (the|my) timer",
        "how much longer [on the timer]",
        "how long until (the|my) [{name}|{seconds}] timer (is done|rings|is up|ends|goes off|finishes)",
        "when (does|will|is) (the|my) [{name}] timer (ring|end|go off|done|up|finish|over)",
        "(what is the status of (the|my) (timer|timers)|timer status)",
        "status of (the|my|all) [the|my] (timer|timers)",
        "(check|show) [on] [me] (the|my) [{name}] (timer|timers)",
        "(what|which|how many) timers (are|do i have) (running|set|there|active)",
        "[list] [all] [my|the] timers",
        "(do i have|are there|is there) (any|a) (timers|timer) [running|set]",
        "how is (the|my) [{name}] timer [doing|going]",
        "time left",
        "what is left on (the|my) [{name}] timer",
        "how many timers do i have",
        "is (the|my) [{name}] timer (done|still running|running)",
    ),
    handler=_status,
    restate=lambda arguments: f"tell the time left on {_named(arguments)}",
    parameters=(_NAME, _WHICH),
    weight=1.4,
)

TIMER_CANCEL = Skill(
    name="timer_cancel",
    description="Cancels a running timer.",
    phrases=(
        "(cancel|stop|delete|remove|clear|end|turn off|kill) [the|my|that|this] timer",
        "(cancel|stop|delete|remove|turn off) (the|my) {name} timer",
        "(cancel|stop|delete|remove|turn off) (the|my) {seconds} timer",
        "(cancel|stop) {name} timer",
        "(cancel|stop|delete) the timer (for|of|named|called) {seconds}",
        "(cancel|stop|delete) the timer (for [the|my]|named|called) {name}",
    ),
    handler=_cancel,
    restate=lambda arguments: f"cancel {_named(arguments)}",
    parameters=(_NAME, _WHICH),
    destructive=True,
    weight=1.4,
)

TIMER_CANCEL_ALL = Skill(
    name="timer_cancel_all",
    description="Cancels all running timers.",
    phrases=(
        "(cancel|stop|delete|remove|clear|end|turn off) (all|every) [the|my|of my|of the] (timers|timer)",
        "(cancel|stop|delete|clear) [the|my] timers",
        "(cancel|stop|delete) (them all|all of them)",
    ),
    handler=_cancel_all,
    restate=lambda _: "cancel all timers",
    destructive=True,
    weight=0.7,
)

TIMER_SKILLS = (TIMER_SET, TIMER_STATUS, TIMER_CANCEL, TIMER_CANCEL_ALL)
