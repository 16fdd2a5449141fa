"""Application Auto Scaling as far as cutover meets it: a range that the current capacity obeys."""

from typing import Any

from rehearsal.aws.control_plane import ControlPlane


def pull_into_range(plane: ControlPlane) -> None:
    """From here on, registering a scalable target moves its service's desired count into the range.

    moto only writes the range down. AWS does it even where scaling is suspended
    (API_RegisterScalableTarget), and calls nothing of the user's for it.
    """
    backend = plane.backend("application-autoscaling")
    register = backend.register_scalable_target

    def registered(*arguments: Any, **named: Any) -> Any:
        target = register(*arguments, **named)
        _, cluster, service = target.resource_id.split("/")
        ecs = plane.backend("ecs")
        desired = ecs.services[f"{cluster}:{service}"].desired_count
        inside = min(max(desired, target.min_capacity), target.max_capacity)
        if inside != desired:
            ecs.update_service({"cluster": cluster, "service": service, "desired_count": inside})
        return target

    backend.register_scalable_target = registered
