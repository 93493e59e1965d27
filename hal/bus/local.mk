# The bus: selectors, lock and record, one driver per file.

noinst_LTLIBRARIES += libbus.la
libbus_la_SOURCES = \
	hal/bus/bus.c hal/bus/bus.h hal/bus/ops.h \
	hal/bus/lock.c \
	hal/bus/real.c \
	hal/bus/trace.c hal/bus/redact.c hal/bus/redact.h \
	hal/bus/selector.c \
	hal/bus/sim.c \
	hal/bus/sock.c \
	hal/bus/i2cdev.c hal/bus/lines.c \
	hal/bus/ft260.c hal/bus/ft260.h \
	hal/bus/ft260find.c hal/bus/ft260sys.c \
	hal/bus/ft260report.c hal/bus/ft260lines.c
libbus_la_CPPFLAGS = $(AM_CPPFLAGS) -DRECORD_DIR='"$(recorddir)"' -DDEVICE_GROUP='"$(devicegroup)"'
libbus_la_CFLAGS = $(AM_CFLAGS) $(LIBGPIOD_CFLAGS) $(HIDAPI_CFLAGS)
libbus_la_LIBADD = $(LIBGPIOD_LIBS) $(HIDAPI_LIBS)
