# provision: the tool. aws.mk has the cloud side, fleet.mk many boards at once.

include provision/aws.mk

bin_PROGRAMS += optiga-provision
noinst_LTLIBRARIES += libprov.la

# All but main, for tests too.
libprov_la_SOURCES = \
	provision/ca.c provision/ca.h provision/cert.c provision/cert.h \
	provision/cloud.c provision/cloud.h provision/leftover.c \
	provision/config.c provision/config.h provision/confexpand.c provision/confmore.c \
	provision/confnames.c provision/confnode.c provision/confnode.h provision/conftext.c \
	provision/confvendor.c \
	provision/csr.c provision/csr.h provision/file.c provision/file.h \
	provision/issuer.c provision/issuer.h provision/issuer_local.c \
	provision/job.c provision/job.h provision/journal.c provision/journal.h \
	provision/claim.c provision/claim.h provision/claimkey.c provision/claimkey.h \
	provision/issuer_claim.c provision/connect.c provision/connect.h \
	provision/mqtt.c provision/mqtt.h provision/mqttint.h provision/mqttprobe.c provision/mqtttls.c \
	provision/plan.c provision/plan.h provision/policy.c provision/policy.h \
	provision/report.c provision/report.h provision/rv.c provision/rv.h \
	provision/signer.c \
	provision/token.c provision/token.h provision/tokenint.h provision/tokenkey.c
libprov_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(LIBP11_CFLAGS) $(JANSSON_CFLAGS) $(MOSQUITTO_CFLAGS) $(SSL_CFLAGS) \
	$(CRYPTO_CFLAGS)
libprov_la_LIBADD = libprovaws.la libprovmsg.la $(P11KIT_LIBS) $(LIBP11_LIBS) $(JANSSON_LIBS) \
	$(MOSQUITTO_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)

optiga_provision_SOURCES = provision/main.c provision/cmdline.c provision/commands.c provision/complete.c provision/help.c \
	provision/options.c provision/options.h \
	provision/cmd_connect.c provision/cmd_run.c provision/cmd_show.c provision/cmd_steps.c
optiga_provision_CFLAGS = $(libprov_la_CFLAGS)
optiga_provision_LDADD = libprov.la libprovaws.la libprovmsg.la $(P11KIT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)

include provision/doctor.mk
include provision/export.mk
include provision/fleet.mk
include provision/recon.mk
include provision/lock.mk
include provision/ca.mk

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/optiga-provision
include provision/look.mk

# Taking devices out.
libprov_la_SOURCES += provision/retire.c provision/retire.h
optiga_provision_SOURCES += provision/cmd_retire.c
