# CAs other than Amazon's.

libprov_la_SOURCES += \
	provision/cadb.c provision/cadb.h provision/caconf.c provision/caint.h provision/camake.c \
	provision/chain.c provision/chain.h \
	provision/est.c provision/est.h provision/issuer_est.c provision/issuer_exec.c provision/issuer_file.c provision/pass.c provision/pass.h

optiga_provision_SOURCES += provision/cmd_cainit.c provision/cmd_caregister.c
