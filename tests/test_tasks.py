"""The two families: hardened, canonical, secrets by reference, roles that just suffice."""

import json
from typing import Any

import pytest

from infra import headers
from tests.environments import STACKS, chosen, recorded

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
NO_IMAGE = "slipway/put-a-release-here@sha256:" + "0" * 64


def containers(stack: str, family: str) -> dict[str, dict[str, Any]]:
    text = recorded(stack).only(TASK_DEFINITION, f"{stack}-{family}").inputs["containerDefinitions"]
    return {container["name"]: container for container in json.loads(text)}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["environment"]}


def secrets(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["valueFrom"] for entry in container["secrets"]}


def secret_arn(stack: str, name: str) -> str:
    return recorded(stack).only("aws:secretsmanager/secret:Secret", name).outputs["arn"]


def sentry(stack: str) -> dict[str, str]:
    """The one secret that a team may leave out."""
    arn = chosen(stack).secrets.sentry_dsn_secret
    return {} if arn is None else {"SENTRY_DSN": arn}


def owner_arn(stack: str) -> str:
    database = recorded(stack).only("aws:rds/instance:Instance", f"{stack}-postgres")
    (managed,) = database.outputs["masterUserSecrets"] or [
        {"secretArn": secret_arn(stack, f"{stack}-database-owner")}
    ]
    return managed["secretArn"]


@pytest.mark.parametrize("family", ["blueprint", "migrate"])
@pytest.mark.parametrize("stack", STACKS)
def test_families_run_on_fargate_as_the_settings_say(stack: str, family: str) -> None:
    task = recorded(stack).only(TASK_DEFINITION, f"{stack}-{family}")
    service = chosen(stack).service
    role = {"blueprint": "slot", "migrate": "migrate"}[family]
    roles = recorded(stack)
    assert {k: v for k, v in task.inputs.items() if k != "containerDefinitions"} == {
        "family": f"{stack}-{family}",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(service.cpu),
        "memory": str(service.memory_mib),
        "runtimePlatform": {
            "cpuArchitecture": service.architecture,
            "operatingSystemFamily": "LINUX",
        },
        "executionRoleArn": roles.only("aws:iam/role:Role", f"{stack}-{role}-execution").outputs[
            "arn"
        ],
        "taskRoleArn": roles.only("aws:iam/role:Role", f"{stack}-app").outputs["arn"],
    }


@pytest.mark.parametrize("family", ["blueprint", "migrate"])
@pytest.mark.parametrize("stack", STACKS)
def test_every_container_is_hardened(stack: str, family: str) -> None:
    found = containers(stack, family)
    assert len(found) == {"blueprint": 3, "migrate": 2}[family]
    for container in found.values():
        assert container["privileged"] is False
        assert container["readonlyRootFilesystem"] is True
        assert container["linuxParameters"] == {
            "initProcessEnabled": True,
            "capabilities": {"add": [], "drop": ["ALL"]},
            "tmpfs": [{"containerPath": "/tmp", "size": 128, "mountOptions": ["nodev", "nosuid"]}],
        }
        assert (container["mountPoints"], container["volumesFrom"]) == ([], [])
        assert container["systemControls"] == []
    assert {name: container["user"] for name, container in found.items()} == {
        name: {
            "nginx": "101:101",
            "app": "10001:10001",
            "pgbouncer": "65532:65532",
            "logins": "65532:65532",
        }[name]
        for name in found
    }


@pytest.mark.parametrize("family", ["blueprint", "migrate"])
def test_the_text_is_canonical(family: str) -> None:
    text = recorded("prod").only(TASK_DEFINITION, f"prod-{family}").inputs["containerDefinitions"]
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    found = json.loads(text)
    assert [c["name"] for c in found] == sorted(c["name"] for c in found)
    for container in found:
        for key in ("environment", "secrets"):
            listed = [entry["name"] for entry in container[key]]
            assert listed == sorted(listed)
    assert "null" not in text


def test_the_blueprint_stops_front_to_back() -> None:
    found = containers("prod", "blueprint")
    assert {name: c["dependsOn"] for name, c in found.items()} == {
        "nginx": [{"containerName": "app", "condition": "START"}],
        "app": [{"containerName": "pgbouncer", "condition": "HEALTHY"}],
        "pgbouncer": [],
    }
    assert {name: c["stopTimeout"] for name, c in found.items()} == {
        "nginx": 120,
        "app": 60,
        "pgbouncer": 30,
    }
    assert {name: c["essential"] for name, c in found.items()} == dict.fromkeys(found, True)


def test_only_nginx_is_reachable() -> None:
    assert {name: c["portMappings"] for name, c in containers("prod", "blueprint").items()} == {
        "nginx": [{"containerPort": 8443, "hostPort": 8443, "protocol": "tcp"}],
        "app": [],
        "pgbouncer": [],
    }


def test_containers_say_whether_they_work() -> None:
    schedule = {"interval": 10, "timeout": 5, "retries": 3, "startPeriod": 10}
    found = containers("prod", "blueprint")
    assert found["nginx"]["healthCheck"] == {
        "command": [
            "CMD",
            "curl",
            "--fail",
            "--silent",
            "--insecure",
            "https://127.0.0.1:8443/healthz",
        ],
        **schedule,
    }
    assert found["pgbouncer"]["healthCheck"] == {
        "command": [
            "CMD",
            "pg_isready",
            "--quiet",
            "--host=127.0.0.1",
            "--port=6432",
            "--dbname=pgbouncer",
        ],
        **schedule,
    }
    assert "healthCheck" not in found["app"]


def test_the_image_of_the_app_is_left_to_cutover() -> None:
    images = {name: c["image"] for name, c in containers("prod", "blueprint").items()}
    assert images == {
        "app": NO_IMAGE,
        "nginx": chosen("prod").nginx.image,
        "pgbouncer": chosen("prod").pgbouncer.image,
    }


@pytest.mark.parametrize("stack", STACKS)
def test_what_nginx_is_told(stack: str) -> None:
    nginx, settings = containers(stack, "blueprint")["nginx"], chosen(stack)
    assert environment(nginx) == {
        "NGINX_PORT": "8443",
        "APP_PORT": "8000",
        "TRUSTED_PROXIES": settings.network.cidr,
        "MAX_BODY_MIB": str(settings.nginx.max_body_mib),
        "RATE_LIMIT_PER_SECOND": str(settings.nginx.rate_limit_per_second),
        "RATE_LIMIT_BURST": str(settings.nginx.rate_limit_burst),
        "SECURITY_HEADERS": headers.API.nginx_lines(),
        "PROBE_HEADER": "X-Slipway-Probe",
        "RELEASE_ID": "",
    }
    assert secrets(nginx) == {"PROBE_TOKEN": secret_arn(stack, f"{stack}-probe-token")}


@pytest.mark.parametrize("stack", STACKS)
def test_what_the_app_is_told(stack: str) -> None:
    app = containers(stack, "blueprint")["app"]
    assert environment(app) == {
        "PORT": "8000",
        "DATABASE_URL": "postgresql://app@127.0.0.1:6432/app",
        "ENVIRONMENT": stack,
        "RELEASE_ID": "",
    }
    secret_key = secret_arn(stack, f"{stack}-secret-key")
    assert secrets(app) == {
        "SECRET_KEY": f"{secret_key}:current::",
        "SECRET_KEY_PREVIOUS": f"{secret_key}:previous::",
        "SECRET_KEY_NEXT": f"{secret_key}:next::",
        "REDIS_URL": secret_arn(stack, f"{stack}-redis-url"),
        **sentry(stack),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_what_pgbouncer_is_told(stack: str) -> None:
    database = recorded(stack).only("aws:rds/instance:Instance", f"{stack}-postgres")
    pgbouncer = containers(stack, "blueprint")["pgbouncer"]
    assert environment(pgbouncer) == {
        "LISTEN_PORT": "6432",
        "DB_HOST": database.outputs["address"],
        "DB_PORT": str(chosen(stack).postgres.port),
        "DB_NAME": "app",
        "POOL_SIZE": str(chosen(stack).pgbouncer.pool_size),
        "MAX_CLIENT_CONN": "500",
        "RELEASE_ID": "",
    }
    login = secret_arn(stack, f"{stack}-database-login")
    assert secrets(pgbouncer) == {
        "DB_USER": f"{login}:username::",
        "DB_PASSWORD": f"{login}:password::",
    }


def test_a_migration_begins_by_making_sure_of_the_logins() -> None:
    found = containers("prod", "migrate")
    database = (
        recorded("prod").only("aws:rds/instance:Instance", "prod-postgres").outputs["address"]
    )
    port = str(chosen("prod").postgres.port)
    login, owner = secret_arn("prod", "prod-database-login"), owner_arn("prod")
    assert found["logins"]["command"] == ["/usr/local/bin/ensure-logins"]
    assert found["logins"]["essential"] is False
    assert found["logins"]["dependsOn"] == []
    assert environment(found["logins"]) == {
        "DB_HOST": database,
        "DB_PORT": port,
        "DB_NAME": "app",
    }
    assert secrets(found["logins"]) == {
        "PGUSER": f"{owner}:username::",
        "PGPASSWORD": f"{owner}:password::",
        "DB_USER": f"{login}:username::",
        "DB_PASSWORD": f"{login}:password::",
    }
    assert found["app"]["command"] == ["python", "run_migrations.py"]
    assert found["app"]["essential"] is True
    assert found["app"]["image"] == NO_IMAGE
    assert found["app"]["dependsOn"] == [{"containerName": "logins", "condition": "SUCCESS"}]
    assert environment(found["app"]) == {
        "PORT": "8000",
        "DATABASE_URL": f"postgresql://{database}:{port}/app?sslmode=require",
        "ENVIRONMENT": "prod",
        "RELEASE_ID": "",
    }
    assert secrets(found["app"])["PGUSER"] == f"{owner}:username::"
    assert secrets(found["app"])["PGPASSWORD"] == f"{owner}:password::"


@pytest.mark.parametrize("family", ["blueprint", "migrate"])
def test_every_log_is_kept_and_slows_nobody_down(family: str) -> None:
    found = containers("prod", family)
    for name, container in found.items():
        group = name if family == "blueprint" else "migrate"
        assert container["logConfiguration"] == {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": f"/slipway/prod/{group}",
                "awslogs-region": chosen("prod").aws.region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        }
        log = recorded("prod").only("aws:cloudwatch/logGroup:LogGroup", f"prod-{group}")
        assert log.inputs == {
            "name": f"/slipway/prod/{group}",
            "retentionInDays": chosen("prod").service.log_days,
            "kmsKeyId": recorded("prod").only("aws:kms/key:Key", "prod-key").outputs["arn"],
        }


@pytest.mark.parametrize(
    ("purpose", "logs"), [("slot", ["nginx", "app", "pgbouncer"]), ("migrate", ["migrate"])]
)
def test_an_execution_role_reads_what_its_task_names_and_no_more(
    purpose: str, logs: list[str]
) -> None:
    prod, aws = recorded("prod"), chosen("prod").aws
    policy = json.loads(
        prod.only("aws:iam/rolePolicy:RolePolicy", f"prod-{purpose}-execution").inputs["policy"]
    )
    statements = {statement.pop("Sid"): statement for statement in policy["Statement"]}
    family = {"slot": "blueprint", "migrate": "migrate"}[purpose]
    named = {
        value.split(":current:")[0]
        .split(":previous:")[0]
        .split(":next:")[0]
        .split(":username:")[0]
        .split(":password:")[0]
        for container in containers("prod", family).values()
        for value in secrets(container).values()
    }
    assert len(named) == 4 + len(sentry("prod"))
    assert named <= set(statements["ReadSecrets"]["Resource"])
    assert statements.pop("ReadSecrets") == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": [
            secret_arn("prod", "prod-database-login"),
            *([owner_arn("prod")] if purpose == "migrate" else []),
            *([secret_arn("prod", "prod-probe-token")] if purpose == "slot" else []),
            secret_arn("prod", "prod-redis-url"),
            secret_arn("prod", "prod-secret-key"),
            *sentry("prod").values(),
        ],
    }
    assert statements == {
        "RegistryLogin": {
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        },
        "PullImages": {
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": f"arn:aws:ecr:{aws.region}:{aws.account_id}:repository/*",
        },
        "DecryptSecrets": {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": prod.only("aws:kms/key:Key", "prod-key").outputs["arn"],
            "Condition": {
                "StringEquals": {"kms:ViaService": f"secretsmanager.{aws.region}.amazonaws.com"}
            },
        },
        "WriteLogs": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [
                prod.only("aws:cloudwatch/logGroup:LogGroup", f"prod-{log}").outputs["arn"] + ":*"
                for log in logs
            ],
        },
    }


def test_roles_are_for_tasks_of_this_account_only() -> None:
    aws = chosen("prod").aws
    roles = {
        "prod-app": "The app itself; what it may do is for its team to add",
        "prod-slot-execution": "ECS starts slot tasks with it",
        "prod-migrate-execution": "ECS starts migrate tasks with it",
    }
    for name, description in roles.items():
        role = recorded("prod").only("aws:iam/role:Role", name).inputs
        assert role["description"] == description
        assert json.loads(role["assumeRolePolicy"])["Statement"] == [
            {
                "Sid": "EcsTasks",
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": aws.account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{aws.region}:{aws.account_id}:*"},
                },
            }
        ]


def test_the_app_itself_may_do_nothing() -> None:
    attached = {p.inputs["role"] for p in recorded("prod").every("aws:iam/rolePolicy:RolePolicy")}
    assert "prod-slot-execution-id" in attached
    assert "prod-app-id" not in attached
    with pytest.raises(LookupError, match="no aws:iam/rolePolicyAttachment"):
        recorded("prod").only("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "prod-app")
