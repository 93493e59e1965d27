# The cloud side of optiga-provision, and the messages it speaks through (programs that compile
# msg.c themselves, as the tool does, need only libprovaws.la).

aws_sources = provision/aws.h

noinst_LTLIBRARIES += libprovaws.la libprovmsg.la

libprovaws_la_SOURCES = $(aws_sources) \
	provision/aws.c provision/awsca.c provision/awscall.h provision/awscalls.c \
	provision/awscert.c \
	provision/awsdo.c provision/awserr.c provision/awserr.h provision/awslist.c \
	provision/awsprobe.c \
	provision/awssend.c provision/awsthing.c provision/child.c provision/child.h \
	provision/cred.c provision/cred.h provision/credconf.c provision/credconf.h \
	provision/credproc.c provision/credregion.c \
	provision/http.c provision/http.h provision/ini.c provision/ini.h \
	provision/pace.c provision/pace.h \
	provision/sigv4.c provision/sigv4.h
libprovaws_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
libprovaws_la_LIBADD = $(CURL_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)

libprovmsg_la_SOURCES = provision/msg.c provision/msg.h provision/stop.c provision/stop.h

# Templates for --policy-file; the first is what is used without it.
policiesdir = $(pkgdatadir)/policies
dist_policies_DATA = provision/policies/least-privilege.json provision/policies/wildcard.json
