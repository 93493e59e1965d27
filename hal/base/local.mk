# Buffers, errors, log: no I/O beyond log lines, includes nothing else of ours.

noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	hal/base/buf.c hal/base/buf.h \
	hal/base/err.c hal/base/err.h \
	hal/base/log.c hal/base/log.h \
	hal/base/secret.c hal/base/secret.h
