#!/bin/sh
# Renders pgbouncer.ini for this task and becomes pgbouncer; writes below RUN_DIR alone.
# Where this machine's pgbouncer is older than the image's, the configuration is written for it and
# each difference is one line on stderr.
#
# SIGTERM is a stop without loss when the app is gone first, which the task definition sees to: from
# 1.23 pgbouncer then waits for its clients, and there are none; before, it leaves at once.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin # Debian keeps pgbouncer out of a user's PATH

say() { printf 'slipway-pgbouncer: %s\n' "$*" >&2; }
refuse() {
    say "$*"
    exit 1
}
differs() { say "differs from the image: $*"; }

missing=
for name in LISTEN_PORT DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD POOL_SIZE MAX_CLIENT_CONN; do
    eval "[ -n \"\${$name-}\" ]" || missing="${missing:+$missing, }$name"
done
[ -z "$missing" ] || refuse "can't start without $missing; set them in the task definition."

: "${RUN_DIR:=/tmp/pgbouncer}" "${TEMPLATE_DIR:=/etc/pgbouncer/slipway}"
: "${SERVER_CA_FILE:=/etc/pgbouncer/rds-ca.pem}" "${LISTEN_ADDRESS:=127.0.0.1}"

for name in LISTEN_PORT DB_PORT POOL_SIZE MAX_CLIENT_CONN; do
    value=
    eval "value=\$$name"
    case $value in
    *[!0-9]* | 0*) refuse "$name is '$value'; it must be a whole number above 0." ;;
    esac
done
case $DB_NAME in
*[!A-Za-z0-9_]*) refuse "DB_NAME is '$DB_NAME'; use letters, digits and '_'." ;;
esac
case $DB_HOST$LISTEN_ADDRESS in
*[!A-Za-z0-9.:_-]*)
    refuse "DB_HOST is '$DB_HOST' and LISTEN_ADDRESS '$LISTEN_ADDRESS'; they must be host names or addresses."
    ;;
esac
case $DB_USER$DB_PASSWORD in
*'
'*) refuse "DB_USER or DB_PASSWORD (not shown) holds a line break; give the login another password." ;;
esac
[ -r "$SERVER_CA_FILE" ] ||
    refuse "can't read SERVER_CA_FILE '$SERVER_CA_FILE'; it must hold the authorities of the database's certificate."
[ "$(id -u)" -ne 0 ] || refuse "pgbouncer doesn't run as root; start it as another user."

# 1.18.0 -> 1018000, so that versions compare as numbers.
number() { printf '%s\n' "$1" | awk -F. '{ print $1 * 1000000 + $2 * 1000 + $3 }'; }
about=$(pgbouncer -V 2>&1) || refuse "can't run pgbouncer; install it (Debian: apt-get install pgbouncer)."
version=$(printf '%s\n' "$about" | sed -n 's/^PgBouncer \([0-9.]*\).*/\1/p')

if [ "$(number "$version")" -ge 1021000 ]; then
    MAX_PREPARED_STATEMENTS="max_prepared_statements = 200"
else
    MAX_PREPARED_STATEMENTS=
    differs "pgbouncer $version has no 'max_prepared_statements' (1.21);" \
        "the app must not use prepared statements."
fi
if [ "$(number "$version")" -lt 1023000 ]; then
    differs "pgbouncer $version doesn't wait for clients on SIGTERM (1.23); the app must stop first."
fi

{ mkdir -p "$RUN_DIR" && [ -w "$RUN_DIR" ]; } 2>/dev/null ||
    refuse "can't write to RUN_DIR '$RUN_DIR'; mount a writable /tmp, or point RUN_DIR at one."
umask 077 # the password is nobody else's

quoted() { printf '%s' "$1" | sed "s/'/''/g"; }
QUOTED_USER=$(quoted "$DB_USER")
QUOTED_PASSWORD=$(quoted "$DB_PASSWORD")
export LISTEN_ADDRESS MAX_PREPARED_STATEMENTS QUOTED_PASSWORD QUOTED_USER SERVER_CA_FILE
# shellcheck disable=SC2016  # envsubst takes the names unexpanded
envsubst '${DB_HOST} ${DB_NAME} ${DB_PORT} ${LISTEN_ADDRESS} ${LISTEN_PORT} ${MAX_CLIENT_CONN}
    ${MAX_PREPARED_STATEMENTS} ${POOL_SIZE} ${QUOTED_PASSWORD} ${QUOTED_USER} ${SERVER_CA_FILE}' \
    <"$TEMPLATE_DIR/pgbouncer.ini.template" >"$RUN_DIR/pgbouncer.ini"
unset DB_PASSWORD QUOTED_PASSWORD # pgbouncer reads the file; its environment needs no copy

exec pgbouncer "$RUN_DIR/pgbouncer.ini"
