#!/bin/sh
# Renders nginx.conf for this task and becomes nginx; writes below RUN_DIR alone.
# Where this machine's nginx or OpenSSL is older than the image's, the configuration is written for it
# and each difference is one line on stderr.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin # Debian keeps nginx out of a user's PATH

say() { printf 'slipway-nginx: %s\n' "$*" >&2; }
refuse() {
    say "$*"
    exit 1
}
differs() { say "differs from the image: $*"; }

missing=
for name in NGINX_PORT APP_PORT TRUSTED_PROXIES MAX_BODY_MIB RATE_LIMIT_PER_SECOND \
    RATE_LIMIT_BURST SECURITY_HEADERS PROBE_HEADER PROBE_TOKEN; do
    eval "[ -n \"\${$name-}\" ]" || missing="${missing:+$missing, }$name"
done
[ -z "$missing" ] || refuse "can't start without $missing; set them in the task definition."

: "${RUN_DIR:=/tmp/nginx}" "${TEMPLATE_DIR:=/etc/nginx/slipway}" "${LISTEN_ADDRESS:=0.0.0.0}"
: "${WORKER_PROCESSES:=2}" "${CONNECTIONS_PER_ADDRESS:=100}" "${APP_TIMEOUT_SECONDS:=55}"
: "${RELEASE_ID:=}"

for name in NGINX_PORT APP_PORT MAX_BODY_MIB RATE_LIMIT_PER_SECOND RATE_LIMIT_BURST \
    WORKER_PROCESSES CONNECTIONS_PER_ADDRESS APP_TIMEOUT_SECONDS; do
    value=
    eval "value=\$$name"
    case $value in
    *[!0-9]* | 0*) refuse "$name is '$value'; it must be a whole number above 0." ;;
    esac
done
case $RELEASE_ID in
*[!A-Za-z0-9._-]*) refuse "RELEASE_ID is '$RELEASE_ID'; use letters, digits, '.', '_' and '-'." ;;
esac
case $PROBE_HEADER in
*[!A-Za-z0-9-]*) refuse "PROBE_HEADER is '$PROBE_HEADER'; use letters, digits and '-'." ;;
esac
if [ ${#PROBE_TOKEN} -ne 64 ] || [ -n "$(printf '%s' "$PROBE_TOKEN" | tr -d 0-9a-f)" ]; then
    refuse "PROBE_TOKEN (${#PROBE_TOKEN} characters, not shown) must be 64 digits of 0-9 and a-f."
fi
case $LISTEN_ADDRESS$TRUSTED_PROXIES in
*[!0-9A-Fa-f.:/\ ]*)
    refuse "LISTEN_ADDRESS is '$LISTEN_ADDRESS' and TRUSTED_PROXIES '$TRUSTED_PROXIES';" \
        "they must be an IPv4 address and addresses or networks parted by spaces."
    ;;
esac
if printf '%s\n' "$SECURITY_HEADERS" | grep -qvE '^add_header [A-Za-z0-9-]+ "[^"$\\]+" always;$'; then
    refuse "SECURITY_HEADERS must hold lines like: add_header Name \"value\" always;"
fi

# 1.22.1 -> 1022001, so that versions compare as numbers; 0 when there is none.
number() { printf '%s\n' "$1" | awk -F. '{ print $1 * 1000000 + $2 * 1000 + $3 }'; }
about=$(nginx -V 2>&1) || refuse "can't run nginx; install it (Debian: apt-get install nginx)."
nginx_version=$(printf '%s\n' "$about" | sed -n 's|^nginx version: nginx/\([0-9.]*\).*|\1|p')
openssl_version=$(printf '%s\n' "$about" | sed -n \
    's/^built with .*running with OpenSSL \([0-9.]*\).*/\1/p; t
     s/^built with OpenSSL \([0-9.]*\).*/\1/p')

if [ "$(number "$nginx_version")" -ge 1025001 ]; then
    LISTEN="        listen $LISTEN_ADDRESS:$NGINX_PORT ssl;
        http2 on;"
else
    LISTEN="        listen $LISTEN_ADDRESS:$NGINX_PORT ssl http2;"
    differs "nginx $nginx_version has no 'http2 on' (1.25.1); HTTP/2 is switched on at 'listen'."
fi
if [ "$(number "$nginx_version")" -ge 1027004 ]; then
    # A stopping worker keeps idle connections for as long as a request may be on its way to it.
    KEEPALIVE_MIN_TIMEOUT="    keepalive_min_timeout 2s;"
else
    KEEPALIVE_MIN_TIMEOUT=
    differs "nginx $nginx_version has no 'keepalive_min_timeout' (1.27.4);" \
        "a stop closes idle connections at once."
fi
TLS_CURVES=X25519:prime256v1:secp384r1
if [ "$(number "$openssl_version")" -ge 3005000 ]; then
    TLS_CURVES=X25519MLKEM768:$TLS_CURVES
else
    differs "OpenSSL ${openssl_version:-of another kind} has no X25519MLKEM768 (3.5);" \
        "key exchange is not post-quantum."
fi

REAL_IP_FROM=
for network in $TRUSTED_PROXIES; do
    REAL_IP_FROM="$REAL_IP_FROM    set_real_ip_from $network;
"
done
PROBE_VARIABLE=http_$(printf '%s' "$PROBE_HEADER" | tr 'A-Z-' 'a-z_')
POLICY_HEADERS=$(printf '%s\n' "$SECURITY_HEADERS" |
    sed 's/^add_header \([A-Za-z0-9-]*\) .*/        proxy_hide_header \1;/')

{ mkdir -p "$RUN_DIR" && [ -w "$RUN_DIR" ]; } 2>/dev/null ||
    refuse "can't write to RUN_DIR '$RUN_DIR'; mount a writable /tmp, or point RUN_DIR at one."
umask 077 # the key and the probe token are nobody else's

# Self-signed: the balancer encrypts to its targets and does not validate what they present.
complaint=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 \
    -subj /CN=slipway-nginx -keyout "$RUN_DIR/tls.key" -out "$RUN_DIR/tls.crt" 2>&1) ||
    refuse "can't make a certificate: $complaint"

export RUN_DIR WORKER_PROCESSES CONNECTIONS_PER_ADDRESS APP_TIMEOUT_SECONDS RELEASE_ID LISTEN \
    KEEPALIVE_MIN_TIMEOUT TLS_CURVES REAL_IP_FROM PROBE_VARIABLE POLICY_HEADERS
# shellcheck disable=SC2016  # envsubst takes the names unexpanded
envsubst '${APP_PORT} ${APP_TIMEOUT_SECONDS} ${CONNECTIONS_PER_ADDRESS} ${KEEPALIVE_MIN_TIMEOUT}
    ${LISTEN} ${MAX_BODY_MIB} ${POLICY_HEADERS} ${PROBE_HEADER} ${PROBE_TOKEN} ${PROBE_VARIABLE}
    ${RATE_LIMIT_BURST} ${RATE_LIMIT_PER_SECOND} ${REAL_IP_FROM} ${RELEASE_ID} ${RUN_DIR}
    ${SECURITY_HEADERS} ${TLS_CURVES} ${WORKER_PROCESSES}' \
    <"$TEMPLATE_DIR/nginx.conf.template" >"$RUN_DIR/nginx.conf"
unset PROBE_TOKEN # nginx has read access to the file; its environment needs no copy

# This opens the port for a moment: who waits for nginx waits for an answer, not for the port.
nginx -t -q -p "$RUN_DIR" -c "$RUN_DIR/nginx.conf" -e stderr
exec nginx -p "$RUN_DIR" -c "$RUN_DIR/nginx.conf" -e stderr -g 'daemon off;'
