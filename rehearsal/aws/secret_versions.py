"""When each version of a secret was made: moto dates all of them to the moment it is asked."""

import json

from rehearsal.aws.control_plane import ControlPlane


def date_versions(plane: ControlPlane) -> None:
    """From here on ListSecretVersionIds says what PutSecretValue has written down."""
    backend = plane.backend("secretsmanager")

    def listed(secret_id: str) -> str:
        secret = backend.secrets[secret_id]
        versions = [
            {
                "VersionId": version_id,
                "VersionStages": version["version_stages"],
                "CreatedDate": version["createdate"],
            }
            for version_id, version in secret.versions.items()
        ]
        return json.dumps({"ARN": secret.arn, "Name": secret.name, "Versions": versions})

    backend.list_secret_version_ids = listed
