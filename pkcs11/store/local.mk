# Which chip objects make which token objects.

noinst_LTLIBRARIES += libstore.la
libstore_la_SOURCES = pkcs11/store/store.h pkcs11/store/ossl.c pkcs11/store/ossl.h
libstore_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
