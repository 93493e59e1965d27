# optiga-provision, without a token.

dist_check_DATA += tests/vectors/vendor-ec.jsn tests/vectors/vendor-rsa.jsn tests/vectors/vendor-policy.json
