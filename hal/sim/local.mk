# The simulated chip, and the program optiga-sim.

noinst_LTLIBRARIES += libsim.la
libsim_la_SOURCES = hal/sim/sim.h
libsim_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
libsim_la_LIBADD = libbase.la $(CRYPTO_LIBS)

include hal/sim/app.mk
