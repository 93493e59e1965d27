# Which chip objects make which token objects.

noinst_LTLIBRARIES += libstore.la
libstore_la_SOURCES = \
	pkcs11/store/store.h pkcs11/store/internal.h \
	pkcs11/store/access.c \
	pkcs11/store/attr.c pkcs11/store/attr.h \
	pkcs11/store/attr_cert.c \
	pkcs11/store/attr_data.c \
	pkcs11/store/attr_feature.c \
	pkcs11/store/attr_key.c \
	pkcs11/store/binding.c \
	pkcs11/store/cert.c \
	pkcs11/store/certwrite.c \
	pkcs11/store/create.c \
	pkcs11/store/data.c \
	pkcs11/store/datacreate.c \
	pkcs11/store/der.c pkcs11/store/der.h \
	pkcs11/store/destroy.c \
	pkcs11/store/feature.c pkcs11/store/feature.h \
	pkcs11/store/find.c \
	pkcs11/store/index.c pkcs11/store/index.h \
	pkcs11/store/indexio.c \
	pkcs11/store/key.c \
	pkcs11/store/keygen.c \
	pkcs11/store/kind.c pkcs11/store/kind.h \
	pkcs11/store/mechanisms.c pkcs11/store/mechanisms.h \
	pkcs11/store/metaset.c \
	pkcs11/store/objects.c \
	pkcs11/store/ossl.c pkcs11/store/ossl.h \
	pkcs11/store/pair.c \
	pkcs11/store/proof.c \
	pkcs11/store/pubkey.c \
	pkcs11/store/recover.c pkcs11/store/recover.h \
	pkcs11/store/recover_rsa.c \
	pkcs11/store/set.c \
	pkcs11/store/spki.c pkcs11/store/spki.h \
	pkcs11/store/store.c \
	pkcs11/store/symgen.c \
	pkcs11/store/tmpl.c pkcs11/store/tmpl.h \
	pkcs11/store/usage.c pkcs11/store/usage.h \
	pkcs11/store/view.c pkcs11/store/view.h \
	pkcs11/store/x509.c pkcs11/store/x509.h
libstore_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS) $(GMP_CFLAGS)
libstore_la_LIBADD = $(GMP_LIBS)
