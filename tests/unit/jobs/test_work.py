"""One worker's part: what it does with good images, bad ones, and with what it can't do."""

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import redis

from jobs import store
from jobs.claims import MOST_TRIES, Claims
from jobs.figures import figures
from jobs.job import Asked, Chunk, NewJob, State
from jobs.store import Persistence, connect
from jobs.work import Ended, Work
from models.engine import Batch, Engine, Scores
from models.errors import EngineError
from models.registry import Registry
from preprocessing.spec import Resize
from tests.fakes import BrightnessEngine, BrokenEngine, a_road, served
from tests.pictures import encode
from tests.redis_server import RedisServer
from tests.unit.jobs.parts import LEASE_S, Parts

WHITE = encode(np.full((20, 20, 3), 255, np.uint8), "PNG")
BLACK = encode(np.zeros((20, 20, 3), np.uint8), "PNG")
CORRUPT = WHITE[:60]
PATIENT_S = 60.0


class Interrupted(BrightnessEngine):
    """*before* is called before each image."""

    def __init__(self, before: Callable[[], object]) -> None:
        self._before = before

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        self._before()
        return super().run(batch, threads)


def a_worker(client: redis.Redis, engine: Engine | None = None, slice_s: float = PATIENT_S, **others: Engine) -> Work:
    engines: dict[str, Engine] = {"resnet50": engine or BrightnessEngine(), **others}
    registry = Registry(engines, lambda name: served(engines[name]))
    registry.start()
    return Work(Claims(client, LEASE_S), registry, a_road(), slice_s, lambda _: None, pause=lambda _: None)


def submit(parts: Parts, *images: bytes, models: tuple[str, ...] = ("resnet50",)) -> str:
    asked = Asked(models, is_compared=len(models) > 1, top=1, resize=Resize.CROP)
    names = tuple(f"{index}.png" for index in range(len(images)))
    return parts.ledger.submit(NewJob("", asked, names, images, {}, "of-a-test")).id


def told(parts: Parts, job_id: str) -> list[str]:
    """The likeliest class of each image, or the code of why there is none."""
    results = parts.job(job_id).results.values()
    return [result.reply["results"][0]["class"] if result.reply else result.code for result in results]


def test_each_image_gets_its_own_answer_and_a_bad_one_spoils_no_other(parts: Parts) -> None:
    job_id = submit(parts, WHITE, CORRUPT, BLACK, b"no image")
    worker = a_worker(parts.client)
    assert [worker.do(chunk, "a") for chunk in parts.published] == [Ended(), Ended()]
    assert told(parts, job_id) == ["golden_retriever", "truncated_image", "tench", "unsupported_format"]
    assert parts.job(job_id).state is State.DONE
    answer = parts.job(job_id).results[0].reply
    assert answer is not None
    assert (answer["model"], answer["version"], answer["request_id"]) == ("resnet50", "0123456789ab", "of-a-test")


def test_several_models_are_compared_as_by_predict(parts: Parts) -> None:
    job_id = submit(parts, WHITE, models=("resnet50", "vgg16"))
    a_worker(parts.client, vgg16=BrightnessEngine()).do(parts.published[0], "a")
    answer = parts.job(job_id).results[0].reply
    assert answer is not None
    assert (answer["model"], list(answer["models"])) == ("ensemble", ["resnet50", "vgg16"])


def test_a_message_that_comes_twice_is_worked_on_once(parts: Parts) -> None:
    runs: list[int] = []
    submit(parts, WHITE, WHITE)
    worker = a_worker(parts.client, Interrupted(lambda: runs.append(1)))
    for holder in ("a", "a", "b"):
        assert worker.do(parts.published[0], holder) == Ended()
    assert len(runs) == 2


def test_what_is_not_loaded_here_is_left_to_another_and_was_no_try(parts: Parts) -> None:
    job_id = submit(parts, WHITE, models=("vgg16",))
    (chunk,) = parts.published
    for attempt in range(2 * MOST_TRIES):
        ended = a_worker(parts.client).do(chunk, str(attempt))
        assert ended.again is not None
        assert not ended.is_broken
        assert figures(parts.client).waiting == 1
        chunk = ended.again
    a_worker(parts.client, vgg16=BrightnessEngine()).do(chunk, "last")
    assert told(parts, job_id) == ["golden_retriever"]


def test_an_engine_that_is_broken_has_its_tries_then_each_image_is_given_up(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = submit(parts, WHITE, BLACK)
    worker, tries = a_worker(parts.client, BrokenEngine("out of order")), 0
    with caplog.at_level(logging.ERROR):
        while parts.published:
            chunk = parts.published.pop()
            assert worker.do(chunk, str(tries)) == Ended()
            parts.lease_is_over(chunk)
            parts.reaper.run_once()
            tries += 1
    assert parts.job(job_id).state is State.FAILED
    assert told(parts, job_id) == ["internal_error", "internal_error"]
    assert tries == 2 * MOST_TRIES + 1  # the last is only a message
    assert "out of order" in caplog.text
    assert "out of order" not in parts.job(job_id).results[0].detail


def test_another_whose_engine_is_well_ends_what_the_broken_one_began(parts: Parts) -> None:
    job_id = submit(parts, WHITE, BLACK)
    (chunk,) = parts.published
    a_worker(parts.client, BrokenEngine()).do(chunk, "broken")
    a_worker(parts.client).do(chunk, "well")
    assert told(parts, job_id) == ["golden_retriever", "tench"]


def test_what_is_left_when_the_slice_is_over_is_sent_again(parts: Parts) -> None:
    job_id = submit(parts, WHITE, BLACK)
    (chunk,) = parts.published
    worker = a_worker(parts.client, slice_s=-1)
    again = worker.do(chunk, "a").again
    assert again is not None
    assert float(again.sent) > float(chunk.sent)
    assert (len(told(parts, job_id)), figures(parts.client).waiting) == (1, 1)
    assert worker.do(chunk, "b") == Ended()  # no more after the last
    assert told(parts, job_id) == ["golden_retriever", "tench"]


def test_images_that_are_gone_end_the_job(parts: Parts) -> None:
    job_id = submit(parts, WHITE, BLACK, WHITE)
    expire = Interrupted(lambda: parts.client.unlink(store.images_key(job_id)))
    assert a_worker(parts.client, expire).do(parts.published[0], "a") == Ended()
    job = parts.job(job_id)
    assert (job.state, told(parts, job_id)) == (State.EXPIRED, ["golden_retriever"])


def test_a_job_that_is_cancelled_meanwhile_is_let_go_after_the_image_at_hand(parts: Parts) -> None:
    runs: list[int] = []
    job_id = submit(parts, WHITE, BLACK)

    def cancel() -> None:
        runs.append(1)
        parts.ledger.cancel(job_id, "")

    assert a_worker(parts.client, Interrupted(cancel)).do(parts.published[0], "a") == Ended()
    assert (len(runs), parts.job(job_id).state) == (1, State.CANCELLED)


def test_one_that_was_slow_and_another_who_took_over_both_go_on(parts: Parts) -> None:
    """The slow one comes back when the other has brought the first result, and half of the second."""
    job_id = submit(parts, WHITE, BLACK)
    (chunk,) = parts.published
    quick = a_worker(parts.client)

    def be_overtaken() -> None:
        parts.lease_is_over(chunk)
        quick.do(chunk, "quick")

    assert a_worker(parts.client, Interrupted(be_overtaken)).do(chunk, "slow") == Ended()
    assert (parts.job(job_id).state, told(parts, job_id)) == (State.DONE, ["golden_retriever", "tench"])
    assert figures(parts.client).images == 2


@pytest.fixture
def cut_off(jobs_redis: RedisServer) -> Iterator[redis.Redis]:
    """A client of its own, whose connections a test ends."""
    with connect(jobs_redis.url, Persistence(1.0, 0)) as client:
        yield client


def test_where_redis_is_away_in_the_middle_another_does_what_is_left(
    parts: Parts, cut_off: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = submit(parts, WHITE, BLACK)
    (chunk,) = parts.published

    def lose_redis() -> None:
        cut_off.connection_pool.disconnect()
        cut_off.connection_pool = redis.ConnectionPool(port=1)

    with caplog.at_level(logging.ERROR):
        assert a_worker(cut_off, Interrupted(lose_redis)).do(chunk, "cut-off") == Ended()
    assert "Redis can't be reached" in caplog.text
    assert (parts.job(job_id).state, told(parts, job_id)) == (State.RUNNING, [])
    parts.lease_is_over(chunk)
    assert parts.reaper.run_once() == 1
    a_worker(parts.client).do(chunk, "another")
    assert told(parts, job_id) == ["golden_retriever", "tench"]


def test_where_redis_is_away_nothing_is_begun() -> None:
    with connect("redis://127.0.0.1:1/0", Persistence(1.0, 0)) as nowhere:
        assert a_worker(nowhere).do(Chunk("0" * 32, 0), "a") == Ended()


class PoisonedEngine(BrightnessEngine):
    """Fails at a dark image, and at everything after it."""

    is_well = True

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        self.is_well = self.is_well and batch.mean() > 0
        if not self.is_well:
            raise EngineError("it broke over this image")
        return super().run(batch, threads)

    def self_test(self) -> None:
        if not self.is_well:
            raise EngineError("known answers differ")


def test_an_image_over_which_workers_break_is_given_up_and_does_not_end_them_all(parts: Parts) -> None:
    job_id = submit(parts, WHITE, BLACK)
    (chunk,) = parts.published
    for attempt in range(MOST_TRIES):
        engine = PoisonedEngine()
        model = served(engine, self_test=engine.self_test)
        registry = Registry(["resnet50"], {"resnet50": model}.__getitem__)
        registry.start()
        worker = Work(Claims(parts.client, LEASE_S), registry, a_road(), PATIENT_S, lambda _: None)
        assert worker.do(chunk, str(attempt)) == Ended(is_broken=True)
        parts.lease_is_over(chunk)
    assert a_worker(parts.client).do(chunk, "well") == Ended()
    assert told(parts, job_id) == ["golden_retriever", "internal_error"]
    assert parts.job(job_id).state is State.FAILED
