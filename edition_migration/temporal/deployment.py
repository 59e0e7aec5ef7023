"""Which Worker Deployment a worker is of, by the variables that Temporal's Kubernetes controller sets (decision 0005).

Used by `bootstrap.worker`. Without them a worker runs unversioned, which is how one machine does.
"""

from collections.abc import Mapping

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from edition_migration.domain.errors import ConfigurationError
from edition_migration.temporal.build_id import build_id

NAME = "TEMPORAL_DEPLOYMENT_NAME"
BUILD_ID = "TEMPORAL_WORKER_BUILD_ID"


def deployment_of(environ: Mapping[str, str]) -> WorkerDeploymentConfig | None:
    """None without a name; without a build id the id of our sources. Blank counts as absent.

    Migrations wait for weeks, so what runs goes on with the newest version: auto-upgrade.
    Raises ConfigurationError for a build id without a name, which would silently run unversioned.
    """
    name, build = environ.get(NAME, ""), environ.get(BUILD_ID, "")
    if not name and build:
        raise ConfigurationError(f"{BUILD_ID} is set without {NAME}", mend=f"set {NAME} too, or neither")
    if not name:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=name, build_id=build or build_id()),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
