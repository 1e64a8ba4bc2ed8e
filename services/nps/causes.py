"""Why facts of the feedback stream changed that follow from other facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.nps.facts import Invitation, Response
from shared.postgres.facts import Change
from shared.postgres.restated import Explain, Trigger


@dataclass(frozen=True, slots=True)
class Following:
    """Explains the changes of facts that follow from changed invitations and responses."""

    invitations: Sequence[Change[Invitation]]
    responses: Sequence[Change[Response]]
    explain: Explain

    def of_invitation(self, change: Change[Invitation]) -> Trigger:
        """A response that names or named the invitation has changed, else the time of the invitation."""
        id = change.new.id
        naming = (c for c in self.responses if any(fact and fact.invitation_id == id for fact in c))
        return self.explain(next(naming, None) or next(c for c in self.invitations if c.new.id == id))

    def of_response(self, change: Change[Response]) -> Trigger:
        """The invitation whose client the response has or had."""
        return self.explain(next(c for c in self.invitations if c.new.id == change.new.invitation_id))
