"""What decides stands in the browser before what is slow to draw is sent to it."""

import threading

from prunescope.dashboard.frame import Frame
from prunescope.dashboard.shared import turns, wait_until_drawn
from tests.faults import own_loop


def ask(path: str) -> list[dict[str, object]]:
    """What a browser that asks for ``path`` is answered by the frame itself."""
    sent = []

    async def nothing(scope, receive, send):
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    own_loop.run(Frame(nothing)(scope, None, send))
    return sent


def test_a_run_goes_on_when_the_browser_says_so_and_lends_its_turn_meanwhile() -> None:
    word = wait_until_drawn.expect()
    went: list[bool] = []
    run = threading.Thread(target=lambda: went.append(wait_until_drawn.wait(word, patience=60)))
    for _ in range(4):
        assert turns.turn.acquire(timeout=10)
    run.start()
    try:
        assert turns.turn.acquire(timeout=10)  # lent by the run that waits
        turns.turn.release()
        for stranger in ("/_drawn/another", "/_drawn/"):
            assert ask(stranger)[0]["status"] == 204
        assert run.is_alive()
        assert ask(f"/base/_drawn/{word}")[0]["status"] == 204
        run.join(timeout=30)
        assert went == [True]
    finally:
        for _ in range(4):
            turns.turn.release()
    wait_until_drawn.said(word)  # a second time, when nobody waits any more


def test_nobody_is_waited_for_beyond_patience_nor_without_a_word() -> None:
    with turns.turn:
        assert not wait_until_drawn.wait(wait_until_drawn.expect(), patience=0.0)
    assert not wait_until_drawn.wait(None)
    assert ask("/plan")[0]["status"] == 404


def test_a_page_without_a_browser_waits_for_nothing() -> None:
    assert wait_until_drawn.word("head") is None
