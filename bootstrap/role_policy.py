"""What an `up` may do with roles: make those of its environment, and none stronger than itself."""

from bootstrap.parts import ROLES, arns, boundary_name
from bootstrap.statements import Place, Statement, allow, deny

# Actions that IAM lets depend on the role's boundary, and those that it doesn't (Service
# Authorization Reference, IAM).
_SHAPES = (
    *("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    "iam:PutRolePolicy",
)
_KEEPS = (
    *("iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"),
    "iam:UpdateRole",
)
_CHANGES_A_ROLE = (
    *("iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:PassRole", "iam:Put*"),
    *("iam:Tag*", "iam:Untag*", "iam:Update*"),
)
# Whoever a role of the environment is passed to (the trust policies of infra/).
_PASSED_TO = (
    *("backup.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"),
    *("monitoring.rds.amazonaws.com", "s3.amazonaws.com", "scheduler.amazonaws.com"),
    "vpc-flow-logs.amazonaws.com",
)


def roles_of_parts(place: Place) -> list[Statement]:
    """Roles of the known names, with the boundary of the environment's parts and never without.

    The names are whole: a role of somebody else's has perhaps no boundary, and `_KEEPS` can't ask.
    """
    boundary = f"arn:aws:iam::{place.account_id}:policy/{boundary_name(place.environment)}"
    roles = arns(place, *ROLES)
    return [
        allow(
            "ShapeRoles",
            [*_SHAPES, "iam:PutRolePermissionsBoundary"],
            roles,
            {"StringEquals": {"iam:PermissionsBoundary": boundary}},
        ),
        allow("KeepRoles", _KEEPS, roles),
        allow(
            "PassRoles",
            ["iam:PassRole"],
            # cutover becomes the weights role; no service ever does.
            arns(place, *(role for role in ROLES if role != "weights")),
            {"StringEquals": {"iam:PassedToService": [*_PASSED_TO]}},
        ),
    ]


def weights_role_stays(place: Place) -> Statement:
    """Denied to jobs: another policy or trust of that role would be a way to move traffic."""
    return deny("WeightsRoleStays", _CHANGES_A_ROLE, place.role(f"{place.environment}-weights-*"))


def rotation_role(place: Place) -> list[Statement]:
    """The role of the function that rotates the app's login. AWS's own template makes it, without a
    boundary and by a name of CloudFormation's: with the first `up`, and with a new version.

    Who may do that may make a role that is stronger than themselves, and is a person.
    """
    return [
        allow(
            "MakeTheRotationRole",
            ["iam:PassRole", *_SHAPES, *_KEEPS],
            place.role("serverlessrepo-*"),
            {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}},
        ),
        # Where the repository of applications has put the function's code.
        allow("FetchItsCode", ["s3:GetObject"], "arn:aws:s3:::awsserverlessrepo-changesets-*"),
    ]
