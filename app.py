# SPDX-License-Identifier: Apache-2.0
"""Every Lambda entry point, each a few lines.

Guarantees that importing it reads no environment, opens nothing and loads no SDK. Queue and
schedule handlers are declared here and not in Blueprints: Chalice deploys a Blueprint's event
handler without ever importing this module (docs/adr/0009-event-handlers-in-app-py.md).
"""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib.entrypoints import (
    import_queue,
    logs,
    queues,
    schedules,
    segment_queue,
    suppression_queue,
)
from chalicelib.entrypoints.addresses import addresses

logs.configure()

app = Chalice(app_name="kvitto", configure_logs=False)
# API Gateway judges by the first Accept header alone; see docs/adr/0004-every-type-is-binary.md.
app.api.binary_types = ["*/*"]
app.register_blueprint(addresses)


@app.on_sqs_message(queue="kvitto-confirmations", batch_size=10)
def send_confirmations(event: SQSEvent) -> Any:
    """Mail answers to sign-ups."""
    return queues.send_confirmations(event.to_dict())


@app.on_sqs_message(queue="kvitto-plans", batch_size=1)
def plan_campaigns(event: SQSEvent) -> Any:
    """Plan shards of campaigns."""
    return queues.plan_campaigns(event.to_dict())


@app.on_sqs_message(queue="kvitto-chunks", batch_size=1)
def send_chunks(event: SQSEvent) -> Any:
    """Send runs of chunks of campaigns."""
    worker: Any = event.context
    return queues.send_chunks(event.to_dict(), worker.get_remaining_time_in_millis)


@app.on_sqs_message(
    queue="kvitto-ses-events", batch_size=1000, maximum_batching_window_in_seconds=10
)
def record_ses_events(event: SQSEvent) -> Any:
    """Record what SES says became of mails."""
    return queues.record_ses_events(event.to_dict())


@app.on_sqs_message(queue="kvitto-inbound", batch_size=10)
def receive_mails(event: SQSEvent) -> Any:
    """Unsubscribe who wrote to a mail's unsubscribe address."""
    return queues.receive_mails(event.to_dict())


@app.on_sqs_message(queue="kvitto-sequencing", batch_size=100, maximum_batching_window_in_seconds=1)
def sequence_ledger(event: SQSEvent) -> Any:
    """Give new entries their place in the log."""
    return queues.sequence_ledger(event.to_dict())


@app.on_sqs_message(queue="kvitto-proofs", batch_size=1)
def build_proofs(event: SQSEvent) -> Any:
    """Build proof bundles."""
    return queues.build_proofs(event.to_dict())


@app.on_sqs_message(queue="kvitto-anchors", batch_size=1)
def anchor_checkpoints(event: SQSEvent) -> Any:
    """Have checkpoints stamped with the time."""
    return queues.anchor_checkpoints(event.to_dict())


@app.on_sqs_message(queue="kvitto-segments", batch_size=1)
def evaluate_segments(event: SQSEvent) -> Any:
    """Count segments, forget what may not be known, note what was measured, and write exports."""
    return segment_queue.evaluate_segments(event.to_dict())


@app.on_sqs_message(queue="kvitto-suppressions", batch_size=1)
def keep_suppressions(event: SQSEvent) -> Any:
    """Keep our suppressions and SES's own list of them alike."""
    return suppression_queue.keep_suppressions(event.to_dict())


@app.on_sqs_message(queue="kvitto-imports", batch_size=1)
def import_people(event: SQSEvent) -> Any:
    """Read files of other tools, and check and write the people in them."""
    return import_queue.import_people(event.to_dict())


@app.schedule(Rate(1, unit=Rate.DAYS))
def sync_suppressions(event: CloudWatchEvent) -> int:
    """Have SES's list of suppressed addresses compared with ours."""
    return schedules.sync_suppressions()


@app.schedule(Rate(1, unit=Rate.HOURS))
def anchor_on_schedule(event: CloudWatchEvent) -> int:
    """Have the latest checkpoint stamped with the time."""
    return schedules.anchor_on_schedule()


@app.on_sqs_message(queue="kvitto-erasures", batch_size=1)
def erase_subjects(event: SQSEvent) -> Any:
    """Destroy the key and the data of erased people."""
    return queues.erase_subjects(event.to_dict())


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sequence_on_schedule(event: CloudWatchEvent) -> int:
    """Sequence what a lost wake-up left behind."""
    return schedules.sequence_on_schedule()


@app.schedule(Rate(1, unit=Rate.MINUTES))
def advance_campaigns(event: CloudWatchEvent) -> int:
    """Move running campaigns on."""
    return schedules.advance_campaigns()


@app.schedule(Rate(1, unit=Rate.DAYS))
def log_heartbeat(event: CloudWatchEvent) -> int:
    """Append the daily heartbeat."""
    return schedules.log_heartbeat()


@app.schedule(Rate(1, unit=Rate.DAYS))
def refold_orders(event: CloudWatchEvent) -> int:
    """Take orders past their time out of what is known of people."""
    return schedules.refold_orders()


@app.schedule(Rate(1, unit=Rate.DAYS))
def erase_unconfirmed(event: CloudWatchEvent) -> int:
    """Erase who never confirmed, and finish erasures."""
    return schedules.erase_unconfirmed()
