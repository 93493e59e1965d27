# Access conditions and life cycles, pairing.
libprov_la_SOURCES += \
	provision/access.c provision/access.h provision/ask.c provision/ask.h \
	provision/lock.c provision/lock.h provision/lockint.h \
	provision/lockplan.c provision/lockplan.h provision/lockpolicy.c provision/lockpolicy.h \
	provision/lockread.c provision/lockshow.c \
	provision/tokenchip.c provision/tokenchip.h
