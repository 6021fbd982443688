#!/bin/sh
# Makes the certificates of the lab servers: a CA whose key is thrown away, a server certificate for loopback and the
# lab's names, and a client certificate. They open nothing but the lab. Run it again only to change a name.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

names='DNS:localhost,DNS:*.lab.test,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:127.0.0.4,IP:::1'

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null ||
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

sign() { # name, subject, extensions
  key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$work/$1.csr"
  printf '%s\n' "$3" >"$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA ca.crt -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" \
    -days 36500 -extfile "$work/$1.ext" -out "$1.crt"
}

key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -subj '/CN=elb-churn-exporter lab CA' -days 36500 \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out ca.crt
sign server '/CN=lab server' "subjectAltName=$names
extendedKeyUsage=serverAuth"
sign client '/O=system:masters/CN=lab client' 'extendedKeyUsage=clientAuth'
