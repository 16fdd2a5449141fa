"""Amazon SNS and SQS; AWS: securityhub/latest/userguide/sns-controls and sqs-controls."""

from collections.abc import Iterable

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule
from infra.guardrails.policy_document import statements

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"


def _names_who_may(inputs: Inputs) -> Iterable[str]:
    for statement in statements(inputs["policy"]):
        if statement.is_public:
            yield f"its policy allows everybody {' and '.join(statement.actions)}, it must name who"


def _is_encrypted(inputs: Inputs) -> Iterable[str]:
    if inputs.at("sqsManagedSseEnabled") is False and not inputs.has("kmsMasterKeyId"):
        yield "sqs_managed_sse_enabled is false, it must be true, or kms_master_key_id given"


RULES = (
    ResourceRule(
        id="SNS.4",
        severity="CRITICAL",
        title="A topic is not public",
        types=(TOPIC_POLICY,),
        check=_names_who_may,
    ),
    ResourceRule(
        id="SQS.1",
        severity="MEDIUM",
        title="A queue is encrypted",
        types=(QUEUE,),
        check=_is_encrypted,
    ),
    ResourceRule(
        id="SQS.3",
        severity="CRITICAL",
        title="A queue is not public",
        types=(QUEUE_POLICY,),
        check=_names_who_may,
    ),
)
