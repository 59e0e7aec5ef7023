"""Where workflows are seen in the Temporal UI. Implements `application.timeline.WorkflowPages`."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class TemporalUi:
    """`address` None: nobody said where the UI is."""

    address: str | None
    namespace: str

    def page_of(self, workflow_id: str) -> str | None:
        """The page of this workflow's newest run; ids of ours hold slashes, so they are quoted."""
        if self.address is None:
            return None
        namespace, workflow = quote(self.namespace, safe=""), quote(workflow_id, safe="")
        return f"{self.address.rstrip('/')}/namespaces/{namespace}/workflows/{workflow}"
