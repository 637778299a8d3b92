# SPDX-License-Identifier: Apache-2.0
"""A campaign as the benchmarks drive it: written, tried, started, planned, and sent by workers.

It guarantees the services that the queues' handlers call, in their order, and an error where a
worker met one. The mail is 24 KB of personal HTML with 27 links.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from chalicelib.bootstrap import Container
from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.ids import SHARDS, CampaignId, PurposeId
from chalicelib.domain.runs import RunRef, runs_of
from infra.bench.line import page_html
from infra.bench.people import LIST

WORKER_MS = 24 * 3_600_000
"""Nothing of what is measured is put off because time is up."""
SUBJECT = "News for {{ first_name | default('you') }}"
CONTENT = Content(subject=SUBJECT, html=page_html())


def start(container: Container) -> CampaignId:
    """Write the campaign, try it and start it."""
    made = container.campaigns.create(
        name="News", list_id=LIST, purpose=PurposeId("newsletter"), content=CONTENT
    ).campaign
    container.campaign_tests.send(made.id, "tester@example.org")
    container.campaigns.act(made.id, Act.SEND)
    return made.id


def plan(container: Container, campaign_id: CampaignId) -> dict[str, int]:
    """Plan every shard, as the queue's handler would; return the people of each."""
    return {shard: container.shard_planner.plan(campaign_id, shard) for shard in SHARDS}


def runs(campaign_id: CampaignId, sizes: dict[str, int], chunk_size: int) -> list[RunRef]:
    """Return the runs that a whole plan makes messages of."""
    return [
        run
        for shard, count in sizes.items()
        for run in runs_of(campaign_id, shard, -(-count // chunk_size))
    ]


def deliver(
    workers: Sequence[Container],
    wanted: Sequence[RunRef],
    until_ms: Callable[[Container], int] = lambda worker: worker.clock.now_ms() + WORKER_MS,
) -> None:
    """Let the workers deliver runs side by side, each the next that nobody has."""
    waiting: SimpleQueue[RunRef] = SimpleQueue()
    for run in wanted:
        waiting.put(run)

    def work(worker: Container) -> None:
        while True:
            try:
                run = waiting.get_nowait()
            except Empty:
                return
            worker.run_worker.deliver(run, until_ms(worker))

    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, worker) for worker in workers]:
            done.result()
