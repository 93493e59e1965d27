# The bus: selectors, lock and record, one driver per file.

noinst_LTLIBRARIES += libbus.la
libbus_la_SOURCES = \
	hal/bus/bus.c hal/bus/bus.h hal/bus/ops.h \
	hal/bus/lock.c \
	hal/bus/selector.c \
	hal/bus/sim.c \
	hal/bus/sock.c
