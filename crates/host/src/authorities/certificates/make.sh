#!/bin/sh
# Makes the certificates in this folder: self-signed authorities, one for each type of key. It does not keep the private keys.
set -eu
cd "$(dirname "$0")"
make() {
    name=$1
    shift
    openssl req -x509 -nodes -newkey "$@" -keyout /dev/null -out "$name.pem" -days 36500 -subj "/O=Example/CN=Example $name" 2>/dev/null
}
make p256 ec -pkeyopt ec_paramgen_curve:P-256
make p384 ec -pkeyopt ec_paramgen_curve:P-384
make p521 ec -pkeyopt ec_paramgen_curve:P-521
make secp256k1 ec -pkeyopt ec_paramgen_curve:secp256k1
make brainpool ec -pkeyopt ec_paramgen_curve:brainpoolP256r1
make ed25519 ed25519
make ed448 ed448
make rsa2048 rsa:2048
make rsa1024 rsa:1024
make rsa-pss rsa-pss -pkeyopt rsa_keygen_bits:2048
