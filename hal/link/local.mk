# IFX I2C, host side: one file per protocol layer.

noinst_LTLIBRARIES += liblink.la
liblink_la_SOURCES = \
	hal/link/link.h hal/link/int.h \
	hal/link/reg.c \
	hal/link/frame.c \
	hal/link/chain.c \
	hal/link/ccm.c hal/link/ccm.h \
	hal/link/shield.c \
	hal/link/link.c
liblink_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
liblink_la_LIBADD = $(CRYPTO_LIBS)
