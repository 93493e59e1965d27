# man
dist_man_MANS += man/optiga-pkcs11.conf.5
