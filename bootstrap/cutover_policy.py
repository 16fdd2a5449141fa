"""What the cutover role of an environment may do: the table of docs/cutover.md, call by call."""

from bootstrap.parts import arns
from bootstrap.statements import Place, Statement, allow


def cutover_policy(place: Place) -> list[Statement]:
    """All that `cutover` calls, but the changes themselves, which the weights role makes."""
    name = place.environment
    cluster = place.arn("ecs", f"cluster/{name}-cluster-*")
    return [
        *lease_policy(place),
        allow("BeTheWeightsRole", ["sts:AssumeRole"], arns(place, "weights")),
        # They know no resource.
        allow(
            "ReadWhatIsLive",
            [
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "ecs:DescribeTaskDefinition",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            "*",
        ),
        allow(
            "ReadServices",
            ["ecs:DescribeServices"],
            place.arn("ecs", f"service/{name}-cluster-*/{name}-*"),
        ),
        # It knows no resource either.
        allow("CopyTheBlueprint", ["ecs:RegisterTaskDefinition"], "*"),
        allow(
            "TagTheCopy",
            ["ecs:TagResource"],
            place.arn("ecs", f"task-definition/{name}-release*:*"),
            {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        allow(
            "RunOneOffTasks",
            ["ecs:RunTask"],
            place.arn("ecs", f"task-definition/{name}-release*:*"),
            {"ArnLike": {"ecs:cluster": cluster}},
        ),
        allow(
            "SeeHowTheyEnd",
            ["ecs:DescribeTasks", "ecs:ListTasks"],
            "*",
            {"ArnLike": {"ecs:cluster": cluster}},
        ),
        allow(
            "PassTheTasksRoles",
            ["iam:PassRole"],
            arns(place, "app", "migrate-execution", "slot-execution"),
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        allow(
            "ReadTheProbeToken",
            ["secretsmanager:GetSecretValue"],
            place.arn("secretsmanager", f"secret:{name}-probe-token-*"),
        ),
        allow(
            "ReadPages",
            ["s3:GetObject", "s3:GetObjectVersion"],
            f"arn:aws:s3:::{name}-frontend-*/*",
        ),
        # Without it S3 says "denied" for "not there".
        allow("ListPages", ["s3:ListBucket"], f"arn:aws:s3:::{name}-frontend-*"),
        allow("SeeImages", ["ecr:DescribeImages"], place.arn("ecr", "repository/slipway/*")),
    ]


def lease_policy(place: Place) -> list[Statement]:
    """What `cutover guard` needs to hold the lease around an `up`, and to see the weights after."""
    name = place.environment
    return [
        allow(
            "ReadTheContract",
            ["ssm:GetParameter"],
            place.arn("ssm", f"parameter/slipway/{name}/contract"),
        ),
        allow(
            "KeepJournalAndLease",
            ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            place.arn("dynamodb", f"table/{name}-cutover-*"),
        ),
        allow("TellPeople", ["sns:Publish"], place.arn("sns", f"{name}-alerts-*")),
        # The key has no name that an ARN could hold; its tag is the environment's.
        allow(
            "UseTheEnvironmentsKey",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            place.arn("kms", "key/*"),
            {
                "StringEquals": {
                    "aws:ResourceTag/environment": name,
                    "kms:ViaService": [
                        f"{service}.{place.region}.amazonaws.com"
                        for service in ("dynamodb", "secretsmanager", "sns")
                    ],
                },
            },
        ),
        allow("SeeTheWeights", ["elasticloadbalancing:DescribeRules"], "*"),
        allow("KnowTheAccount", ["sts:GetCallerIdentity"], "*"),
    ]
