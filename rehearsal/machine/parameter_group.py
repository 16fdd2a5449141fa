"""What of an RDS parameter group holds on a PostgreSQL outside RDS."""

from collections.abc import Mapping, Set


def settings(
    parameters: Mapping[str, str],
    *,
    known: Set[str],
    libraries: Set[str],
    own: Mapping[str, str],
) -> tuple[dict[str, str], list[str]]:
    """The parameters that hold outside RDS, and one sentence for each that doesn't.

    `known` are the server's own settings, `libraries` what it can preload, `own` what the
    rehearsal decides itself.
    """
    allowed: dict[str, str] = {}
    differences: list[str] = []
    wanted = parameters.get("shared_preload_libraries", "")
    preload = [library.strip() for library in wanted.split(",") if library.strip()]
    loaded = [library for library in preload if library in libraries]
    for name, value in sorted(parameters.items()):
        given = f"{name}={value}"
        if name == "rds.force_ssl" and value == "1":
            differences.append(f"{given} exists only on RDS: pg_hba.conf admits TLS only instead")
        elif name.startswith("rds."):
            differences.append(f"{given} exists only on RDS and is left out")
        elif "{" in value:
            differences.append(f"{given} is a formula of RDS: the server's default holds instead")
        elif name in own:
            if value != own[name]:
                differences.append(f"{given} is left out: the rehearsal sets {name} itself")
        elif name == "shared_preload_libraries":
            allowed[name] = ",".join(loaded)
            differences += [
                f"the library {library} is not installed here and is not preloaded"
                for library in preload
                if library not in loaded
            ]
        elif name in known or name.partition(".")[0] in loaded:
            allowed[name] = value
        elif "." in name:
            differences.append(f"{given} is left out: its library is not preloaded here")
        else:
            differences.append(f"{given} is left out: this PostgreSQL has no such setting")
    return allowed, differences
