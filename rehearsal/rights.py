"""Whether cutover asked AWS for nothing that its roles lack, judged as IAM does."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bootstrap.cutover_policy import cutover_policy
from bootstrap.statements import Place, document
from infra.outputs import Contract
from rehearsal.aws.calls import Call, Session
from rehearsal.aws.iam_policy import actions, allows
from rehearsal.needs import needs
from rehearsal.recording import Recording


@dataclass(frozen=True, kw_only=True)
class Rights:
    """The policy of the cutover role, in whose name `key` signs, and those of the roles that it may
    become, by ARN; as JSON."""

    place: Place
    key: str
    own: str
    assumed: Mapping[str, str]

    @property
    def allowed(self) -> frozenset[str]:
        """Every action that one of the roles has."""
        policies = (self.own, *self.assumed.values())
        return frozenset(one for policy in policies for one in actions(policy))


def rights_of(recording: Recording, contract: Contract, place: Place, key: str) -> Rights:
    """Of what bootstrap gives to the cutover role, and the stack to the weights role."""
    weights = recording.only("aws:iam/rolePolicy:RolePolicy", f"{place.environment}-weights")
    return Rights(
        place=place,
        key=key,
        own=json.dumps(document(*cutover_policy(place))),
        assumed={contract.weights_role: weights.inputs["policy"]},
    )


def asked(calls: Iterable[Call], rights: Rights) -> frozenset[str]:
    """The actions that the calls need."""
    return frozenset(need.action for call in calls for need in needs(call, rights.place))


def lacking(
    calls: Iterable[Call], rights: Rights, sessions: Mapping[str, Session]
) -> Iterator[str]:
    """A sentence for each question to which IAM says no; `sessions` by their access keys."""
    for call in calls:
        policies = _policies(call, rights, sessions)
        for need in needs(call, rights.place):
            if not policies or not all(
                allows(policy, need.action, need.resource, need.context) for policy in policies
            ):
                yield f"{_who(call, rights, sessions)} may not {need.action} on {need.resource}"


def _policies(call: Call, rights: Rights, sessions: Mapping[str, Session]) -> tuple[str, ...]:
    if call.key == rights.key:
        return (rights.own,)
    session = sessions.get(call.key)
    if session is None or session.role not in rights.assumed:
        return ()
    # AssumeRole: "the intersection of the role's policy and the session policies".
    return (rights.assumed[session.role], *([session.policy] if session.policy else []))


def _who(call: Call, rights: Rights, sessions: Mapping[str, Session]) -> str:
    if call.key == rights.key:
        return "the cutover role"
    session = sessions.get(call.key)
    return f"a session of {session.role}" if session else "whoever signed it"
