# Reconciliation: what the job does besides.

libprov_la_SOURCES += \
	provision/cloudthing.c \
	provision/issuer_factory.c \
	provision/jobopen.c \
	provision/renew.c \
	provision/tokenrole.c
