# man
dist_man_MANS += man/optiga-pkcs11.7
dist_man_MANS += man/optiga-pkcs11.conf.5
dist_man_MANS += man/optiga-provision.conf.5
dist_man_MANS += man/optiga-sim.1
