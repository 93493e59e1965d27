# The simulated chip, and the program optiga-sim.

# From the wire to the command boundary; the application behind it comes from app.mk.
noinst_LTLIBRARIES += libsimwire.la libsim.la
libsimwire_la_SOURCES = hal/sim/sim.h hal/sim/app.h \
	hal/sim/state.h hal/sim/state.c \
	hal/sim/reg.c hal/sim/frame.c hal/sim/chain.c \
	hal/sim/shield.c hal/sim/seal.h hal/sim/seal.c \
	hal/sim/image.h hal/sim/image.c \
	hal/sim/handle.h hal/sim/sim.c \
	hal/sim/fault.h hal/sim/fault.c hal/sim/quirk.c
libsimwire_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) -pthread
libsimwire_la_LIBADD = $(CRYPTO_LIBS)

libsim_la_SOURCES = hal/sim/sim.h
libsim_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
libsim_la_LIBADD = libsimwire.la $(CRYPTO_LIBS)

include hal/sim/app.mk

bin_PROGRAMS += optiga-sim
optiga_sim_SOURCES = hal/sim/prog.h hal/sim/main.c hal/sim/show.c hal/sim/words.c hal/sim/portal.c \
	hal/sim/serve.h hal/sim/serve.c hal/sim/serve_op.c hal/sim/serve_time.c \
	hal/sim/serve_log.c hal/sim/serve_socket.c hal/sim/serve_fault.c \
	hal/sim/trace.h hal/sim/trace_file.c hal/sim/trace_words.c hal/sim/decode.c \
	hal/sim/replay.c
optiga_sim_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
optiga_sim_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(JANSSON_LIBS)
