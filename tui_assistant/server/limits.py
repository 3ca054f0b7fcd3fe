"""The limits of the server, each with its reason."""

from __future__ import annotations

MAX_FRAME_BYTES = 24 * 2**20  # an append of 15 MiB is 21 MB of base64 and an envelope
MAX_SESSIONS = 100  # by default; one more is answered 503
HANDSHAKE_S = 10.0  # for opening a connection
# A ping every PING_S, which has to be answered within PONG_S, although TCP alone would hold a dead peer for hours: 20 s
# is well below the 60 s after which a reverse proxy gives up a silent connection (nginx's proxy_read_timeout), and a
# client that is busy for a while (it loads a model, its laptop changes networks) still has time to answer. What a dead
# client costs meanwhile is one of MAX_SESSIONS and some kilobytes.
PING_S, PONG_S = 20.0, 20.0
DEAD_S = PING_S + PONG_S  # at most so long, and CLOSE_S, a client that has gone keeps its session; more if we are late
CLOSE_S = 1.0  # dashscope keeps its socket open after a close
SEND_S = 5.0  # nothing read for so long: the client is gone or does not want it
LINGER_S = 5.0  # so long a client that did not read may still fetch the close code
WAITING_BYTES = 2**20  # of events that the client has not read; then the reply waits
STOP_READING_BYTES = 2 * WAITING_BYTES  # beyond it nothing is taken from the client either: what it asks makes more
DRAIN_S = 2.0  # for running responses when the server is asked to end
SESSION_S = 3600.0  # "Your session hit the maximum duration of 60 minutes."
SLICE_CHARS = 16 * 2**10  # of base64, so 0.26 s at 24 kHz: about 1 ms of work before other sessions have their turn
